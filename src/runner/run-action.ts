import { Writable } from 'node:stream'
import { debug, error as annotate, isDebug } from '@actions/core'
import { hasAbandonedWork } from '../deadline.ts'
import { ActionError } from '../errors.ts'
import { MAX_ANNOTATION } from './log.ts'
import { clean, cleanForeign } from './masking.ts'

/** Our own words can be a list of many things. */
const MAX_WORDS = 3000
/** More causes and lines than any error of ours has. */
const MAX_CAUSES = 10
const MAX_STACK_LINES = 50

const PLEASE_REPORT =
  'Please report it, with the log of a run that has step debugging enabled (RUNNER_DEBUG=1).'

/**
 * Runs an action and ends the process: with exit code 0, or with one error annotation and exit code 1. The only place
 * that catches everything.
 *
 * @param exit ends the process; replaced in tests
 */
export async function runAction(
  action: () => Promise<void>,
  exit: (code: number) => void = exitProcess,
): Promise<void> {
  silenceStandardError()
  // Node reads it at each connection. Nothing in the environment may turn off the verification of TLS certificates.
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  let hasEnded = false
  const end = (code: number, failure?: unknown): void => {
    if (hasEnded) return
    hasEnded = true
    if (code !== 0) report(failure)
    // Ends the process, because an open connection of an abandoned attempt would keep it alive. Waits for the log
    // first, because writing to a pipe is asynchronous on Windows.
    process.stdout.write('', () => {
      exit(code)
    })
  }
  // Node would print the stack trace of an error that a library throws outside any promise, with secrets in it.
  process.on('uncaughtException', (failure) => {
    end(1, failure)
  })
  try {
    await action()
    end(0)
  } catch (failure) {
    end(1, failure)
  }
}

/**
 * Ends the process, even while a read or a name lookup hangs: Node would wait for its thread. So it replaces the
 * process by one that only ends with the exit code.
 */
function exitProcess(code: number): void {
  if (hasAbandonedWork()) {
    try {
      process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {})
    } catch {
      // Not available on Windows.
    }
    if (code !== 0) process.kill(process.pid, 'SIGKILL')
  }
  process.exit(code)
}

/**
 * Discards standard error. The action prints on standard output, cleaned. On standard error Node itself prints, with
 * `NODE_DEBUG=https`, the headers of every request, including the security token, and deprecation warnings of the SDK
 * and the toolkit (DEP0169, DEP0005), which no user can act on.
 *
 * Replaces the stream and not only its `write`, because opening the real one takes longer than reading all inputs.
 */
function silenceStandardError(): void {
  process.noDeprecation = true
  const nowhere = new Writable({
    write(_chunk, _encoding, written) {
      written()
    },
  })
  Object.defineProperty(process, 'stderr', { value: nowhere, configurable: true, writable: true })
}

function report(failure: unknown): void {
  try {
    annotate(clean(describe(failure), MAX_ANNOTATION))
  } catch {
    // A thrown value can throw again when it is inspected.
    annotate(`Unexpected error: a value was thrown that cannot be shown. ${PLEASE_REPORT}`)
  }
  try {
    if (isDebug()) printStack(failure)
  } catch {
    debug('The stack trace cannot be shown.')
  }
}

function describe(failure: unknown): string {
  if (failure instanceof ActionError)
    return failure.describe((text) => clean(text, MAX_WORDS), cleanForeign, MAX_ANNOTATION - 1)
  return `Unexpected error: ${cleanForeign(String(failure))}. ${PLEASE_REPORT}`
}

/** Prints line by line, because `clean` joins lines. */
function printStack(failure: unknown): void {
  let error = failure
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++, error = error.cause) {
    // A library can set it to any value.
    const stack: unknown = error.stack
    if (typeof stack !== 'string') continue
    for (const line of stack.split('\n', MAX_STACK_LINES)) debug(cleanForeign(line))
  }
}
