import { Writable } from 'node:stream'
import { debug, error as annotate, isDebug } from '@actions/core'
import { hasGivenUp } from '../abandoned.ts'
import { ActionError } from '../errors.ts'
import { clean, cleanForeign } from './masking.ts'

/**
 * Runs an action to its end, and ends the process: with 0, or with one error annotation and 1.
 * The only place that catches everything.
 *
 * @param exit ends the process; `process.exit` but for tests
 */
export async function runAction(
  action: () => Promise<void>,
  exit: (code: number) => void = exitProcess,
): Promise<void> {
  silenceStandardError()
  // Node looks at it at each connection: nothing here is to be talked out of verifying certificates.
  delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  let ended = false
  const end = (code: number, failure?: unknown): void => {
    if (ended) return
    ended = true
    if (code !== 0) report(failure)
    // A connection that an abandoned attempt left open would keep the process alive, so it is ended. Not before
    // the log has been written: on Windows a pipe takes its time.
    process.stdout.write('', () => {
      exit(code)
    })
  }
  // What a library throws outside of any promise would print a stack trace, with whatever is in it.
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
 * Ends the process, also while a read or a name server hangs: Node would wait for its thread. In its place comes a
 * process that does nothing but end with the code.
 */
function exitProcess(code: number): void {
  if (hasGivenUp()) {
    try {
      process.execve?.(process.execPath, [process.execPath, '--eval', `process.exit(${code})`], {})
    } catch {
      // Not on Windows.
    }
    if (code !== 0) process.kill(process.pid, 'SIGKILL')
  }
  process.exit(code)
}

/**
 * All that the action has to say goes to standard output, cleaned. To standard error go what Node prints by itself: with
 * `NODE_DEBUG=https` the headers of every request, the security token among them; and warnings of deprecations that
 * the SDK and the toolkit bring about (DEP0169, DEP0005), on which no user can act.
 *
 * Replaced and not only its `write`: to open the real one takes longer than all that is read from the inputs.
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

/** Longer than the parts of any error together. */
const MAX_ANNOTATION = 5000

function report(failure: unknown): void {
  try {
    annotate(clean(wordsOf(failure), MAX_ANNOTATION))
  } catch {
    // What was thrown can be made to throw again when it is looked at.
    annotate(`${UNKNOWN} a value was thrown that cannot be shown. ${PLEASE_REPORT}`)
  }
  try {
    if (isDebug()) printStack(failure)
  } catch {
    debug('The stack trace cannot be shown.')
  }
}

const UNKNOWN = 'This action failed in a way it does not know:'
const PLEASE_REPORT = 'Please report it, with the log of a run with step debugging on (RUNNER_DEBUG=1).'

function wordsOf(failure: unknown): string {
  if (failure instanceof ActionError) {
    return failure.describe(clean, cleanForeign)
  }
  return `${UNKNOWN} ${cleanForeign(String(failure))}. ${PLEASE_REPORT}`
}

/** Causes and lines: more than any error of ours has. */
const MAX_CAUSES = 10
const MAX_STACK_LINES = 50

/** Line by line, as `clean` makes one line of what it gets. */
function printStack(failure: unknown): void {
  let error = failure
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth++, error = error.cause) {
    // A stack can be anything that somebody made it.
    const stack: unknown = error.stack
    if (typeof stack !== 'string') continue
    for (const line of stack.split('\n', MAX_STACK_LINES)) debug(cleanForeign(line))
  }
}
