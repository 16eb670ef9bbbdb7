import { header, type Call } from '../http/call.ts'
import { bodyReply, jsonReply, type Reply } from '../http/reply.ts'
import { answer, errorBody } from '../operations.ts'
import { readSignature } from '../service/authentication.ts'
import { documentedErrors, isDocumented, ServiceError, statusOf } from '../service/errors.ts'
import type { Service } from '../service/service.ts'
import { brokenReplies } from './broken-replies.ts'
import type { ErrorFault, Fault, Replacement } from './orders.ts'

type Request = { readonly call: Call; readonly requestId: string; readonly service: Service }

/** Applies a fault to a call. A fault that changes or loses the response runs the operation first. */
export function replyWithFault(fault: Fault, request: Request): Reply {
  if (fault === 'commit-then-reset') return afterCommit('reset', request)
  if (fault === 'commit-then-hang') return afterCommit('hang', request)
  if (fault === 'no-request-id') return withField('RequestId', undefined, request)
  if (fault === 'wrong-content-type') {
    const { status, code, body } = answerOf(request)
    return bodyReply({ status, code, type: 'text/plain', body: JSON.stringify(body) })
  }
  if (typeof fault === 'string') return replace(fault, request)
  if ('registerCode' in fault) return withField('RegisterCode', fault.registerCode, request)
  if ('delayMs' in fault) return late(fault.delayMs, jsonReply(answerOf(request)))
  return 'commitThen' in fault ? afterCommit(fault.commitThen, request) : replace(fault, request)
}

/** Names a fault in the request log. */
export function faultName(fault: Fault): string {
  if (typeof fault === 'string') return fault
  if ('code' in fault) return `error ${fault.code}`
  if ('status' in fault) return `raw ${fault.status}`
  if ('delayMs' in fault) return `delay ${fault.delayMs} ms`
  return 'commitThen' in fault ? `commit, then ${faultName(fault.commitThen)}` : 'register code'
}

function replace(fault: Replacement, request: Request): Reply {
  if (typeof fault === 'string') return brokenReplies[fault](request.call, request.requestId)
  if ('code' in fault) return errorReply(fault, request)
  const { status, headers = {}, body = '' } = fault
  return bodyReply({ status, type: 'text/plain', body: fillPlaceholders(body, request), headers })
}

/** Runs the operation and loses its response. The log keeps the code of an operation that was refused. */
function afterCommit(fault: Replacement, request: Request): Reply {
  const { code } = answerOf(request)
  const reply = replace(fault, request)
  return { ...reply, code: reply.code ?? code }
}

/** Sends the real response. In a success, one field is changed or removed. */
function withField(field: string, value: string | undefined, request: Request): Reply {
  const { status, code, body } = answerOf(request)
  return jsonReply({ status, code, body: code === null ? { ...body, [field]: value } : body })
}

function answerOf({ call, requestId, service }: Request): ReturnType<typeof answer> {
  return answer(call, requestId, service)
}

function late(delayMs: number, reply: Reply): Reply {
  return {
    ...reply,
    send: (response) => {
      const timer = setTimeout(() => {
        reply.send(response)
      }, delayMs)
      response.on('close', () => {
        clearTimeout(timer)
      })
    },
  }
}

function errorReply({ code, status, message }: ErrorFault, request: Request): Reply {
  const { call, requestId, service } = request
  const documented = isDocumented(code)
    ? { status: statusOf(code, service.world.statuses), message: documentedErrors[code].message }
    : { status: 500, message: code }
  const filled = fillPlaceholders(message ?? documented.message, request)
  const body = errorBody({ code, message: filled }, call, requestId, service)
  return jsonReply({ status: status ?? documented.status, code, body })
}

/** Inserts the secrets of a call into a text. Tests then check that no echoed secret reaches a log. */
function fillPlaceholders(text: string, request: Request): string {
  return text.replace(
    /\{(\w+)\}/g,
    (placeholder, name: string) => placeholders[name]?.(request) ?? placeholder,
  )
}

const placeholders: Readonly<Record<string, (request: Request) => string>> = {
  accessKeyId: ({ call }) => accessKeyId(call),
  accessKeySecret: ({ call, service }) => service.findAccessKey(accessKeyId(call))?.secret ?? '',
  securityToken: ({ call }) =>
    header(call.headers, 'x-acs-security-token') ?? call.parameters.get('SecurityToken') ?? '',
  authorization: ({ call }) =>
    header(call.headers, 'authorization') ?? call.parameters.get('Signature') ?? '',
  oidcToken: ({ call }) => call.parameters.get('OIDCToken') ?? '',
  registerCode: ({ call, service }) =>
    service.state.instances.get(call.parameters.get('MqttInstanceId') ?? '')?.latestCode ?? '',
}

/** Empty if the call is not completely signed. */
function accessKeyId(call: Call): string {
  try {
    return readSignature(call).accessKeyId
  } catch (error) {
    if (error instanceof ServiceError) return ''
    throw error
  }
}
