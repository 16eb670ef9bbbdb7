import { ActionError } from '../../src/errors.ts'

/** Returns the text of an error as users read it. Fails when nothing, or something else, is thrown. */
export async function errorOf(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (thrown) {
    if (thrown instanceof ActionError) return thrown.describe((text) => text)
    throw new Error('threw something that is no ActionError', { cause: thrown })
  }
  throw new Error('nothing was thrown')
}
