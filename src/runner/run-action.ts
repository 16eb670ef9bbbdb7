import { error as annotate, isDebug } from '@actions/core'
import { ActionError } from '../errors.ts'
import { clean } from './masking.ts'

/**
 * Runs an action to its end, and ends the process: with 0, or with one error annotation and 1.
 * The only place that catches everything.
 *
 * @param exit ends the process; `process.exit` but for tests
 */
export async function runAction(
  action: () => Promise<void>,
  exit: (code: number) => void = (code) => process.exit(code),
): Promise<void> {
  // Libraries of others bring them about (DEP0169 by the SDK, DEP0005 by the toolkit behind a proxy), and no user of
  // the action can act on them.
  process.noDeprecation = true
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
  process.once('uncaughtException', (failure) => {
    end(1, failure)
  })
  try {
    await action()
    end(0)
  } catch (failure) {
    end(1, failure)
  }
}

function report(failure: unknown): void {
  if (failure instanceof ActionError) {
    annotate(failure.describe(clean))
  } else {
    annotate(
      `This action failed in a way it does not know: ${clean(String(failure))}. ` +
        'Please report it, with the log of a run with step debugging on (RUNNER_DEBUG=1).',
    )
  }
  if (isDebug()) printStack(failure)
}

/** Line by line, as `clean` makes one line of what it gets. */
function printStack(failure: unknown): void {
  for (let error = failure; error instanceof Error; error = error.cause) {
    for (const line of error.stack?.split('\n') ?? []) process.stdout.write(`::debug::${clean(line)}\n`)
  }
}
