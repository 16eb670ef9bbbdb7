/** The name of a check, whether it holds, and what was found instead. */
export type Check = readonly [name: string, holds: boolean, found?: string]

/** Prints a line for each check, and their number. Sets the exit code to 1 if one does not hold. */
export function report(checks: readonly Check[]): void {
  for (const [name, holds, found] of checks) {
    if (holds) console.log(`passed  ${name}`)
    else console.log(`FAILED  ${name}${found === undefined ? '' : `; found: ${found}`}`)
  }
  const failed = checks.filter(([, holds]) => !holds).length
  console.log(`${checks.length - failed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}
