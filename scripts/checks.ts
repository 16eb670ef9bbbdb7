/** What was looked at, whether it was as it has to be, and what there was, to be shown when it was not. */
export type Check = readonly [name: string, held: boolean, found?: string]

/** Prints a line for each check and how many there were. One that did not hold fails the process. */
export function report(checks: readonly Check[]): void {
  for (const [name, held, found] of checks) {
    if (held) console.log(`passed  ${name}`)
    else console.log(`FAILED  ${name}${found === undefined ? '' : `; found: ${found}`}`)
  }
  const failed = checks.filter(([, held]) => !held).length
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
