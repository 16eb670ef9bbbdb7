import { brokenReplies } from './broken-replies.ts'
import type { Call } from './call.ts'
import { documentedErrors, isDocumented, statusOf } from './errors.ts'
import type { ErrorFault, Fault, RawFault, Replacement } from './faults.ts'
import { fillPlaceholders } from './placeholders.ts'
import { bodyReply, jsonReply, type Reply } from './reply.ts'
import type { Service } from './service.ts'

type Request = { readonly call: Call; readonly requestId: string; readonly service: Service }

/** Carries out a fault on a call. The ones that spoil an answer need one: they run the operation first. */
export function replyWithFault(fault: Fault, request: Request): Reply {
  if (fault === 'wrong-content-type') return asPlainText(request)
  if (fault === 'no-request-id') return withField('RequestId', undefined, request)
  if (fault === 'commit-then-reset') return afterCommit('reset', request)
  if (fault === 'commit-then-hang') return afterCommit('hang', request)
  if (typeof fault === 'string') return replace(fault, request)
  if ('registerCode' in fault) return withField('RegisterCode', fault.registerCode, request)
  if ('delayMs' in fault) return late(fault.delayMs, jsonReply(answer(request)))
  return 'commitThen' in fault ? afterCommit(fault.commitThen, request) : replace(fault, request)
}

/** A fault in a word, for the log. */
export function faultName(fault: Fault): string {
  if (typeof fault === 'string') return fault
  if ('code' in fault) return `error ${fault.code}`
  if ('status' in fault) return `raw ${fault.status}`
  if ('delayMs' in fault) return `delay ${fault.delayMs} ms`
  return 'commitThen' in fault ? `commit, then ${faultName(fault.commitThen)}` : 'register code'
}

function replace(fault: Replacement, request: Request): Reply {
  if (typeof fault === 'string') return brokenReplies[fault](request.call, request.requestId)
  return 'code' in fault ? errorReply(fault, request) : rawReply(fault, request)
}

/** The operation runs, and its answer is lost. The log keeps the error of an operation that was refused. */
function afterCommit(fault: Replacement, request: Request): Reply {
  const { code } = answer(request)
  const reply = replace(fault, request)
  return { ...reply, code: reply.code ?? code }
}

function answer({ call, requestId, service }: Request): ReturnType<Service['answer']> {
  return service.answer(call, requestId)
}

function asPlainText(request: Request): Reply {
  const { status, code, body } = answer(request)
  return bodyReply({ status, code, type: 'text/plain', body: JSON.stringify(body) })
}

/** The true answer, with one field of a success changed, or left out. */
function withField(field: string, value: string | undefined, request: Request): Reply {
  const { status, code, body } = answer(request)
  return jsonReply({ status, code, body: code === null ? { ...body, [field]: value } : body })
}

function late(delayMs: number, { status, code, send }: Reply): Reply {
  return {
    status,
    code,
    send: (response) => {
      const timer = setTimeout(() => {
        send(response)
      }, delayMs)
      response.on('close', () => {
        clearTimeout(timer)
      })
    },
  }
}

function errorReply({ code, status, message }: ErrorFault, { call, requestId, service }: Request): Reply {
  const documented = isDocumented(code)
    ? { status: statusOf(code, service.world.statuses), message: documentedErrors[code].message }
    : { status: 500, message: code }
  const said = fillPlaceholders(message ?? documented.message, call, service)
  return jsonReply({
    status: status ?? documented.status,
    code,
    body: service.errorBody(call, requestId, { code, message: said }),
  })
}

function rawReply({ status, headers, body }: RawFault, { call, service }: Request): Reply {
  const filled = fillPlaceholders(body ?? '', call, service)
  return bodyReply({ status, type: 'text/plain', body: filled, headers: headers ?? {} })
}
