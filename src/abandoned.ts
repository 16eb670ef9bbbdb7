let isGivenUp = false

/** Says that something is not waited for any longer: a name server, a file, a request. */
export function giveUp(): void {
  isGivenUp = true
}

/** Whether something may still be going on. Node would wait for its thread, even to end the process. */
export function hasGivenUp(): boolean {
  return isGivenUp
}
