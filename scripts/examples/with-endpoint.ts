/** A step that calls Alibaba Cloud: get register code, or register. The other actions make no call. */
const CALLING_STEP = /^ +(?:- )?uses: OWNER\/apsaramq-mqtt-register-code(?:\/register)?@\S+$/

/**
 * An example as it is, and one thing more: where its steps find the service.
 *
 * @param workflow the text of an example
 * @param endpoint `host:port`
 * @returns the same lines, with `endpoint` and `sts-endpoint` first below `with:` of each step that makes a call
 * @throws Error when no step makes one, or when a step that does has no inputs
 */
export function withEndpoint(workflow: string, endpoint: string): string {
  let steps = 0
  let given = 0
  const lines = workflow.split('\n').flatMap((line) => {
    if (CALLING_STEP.test(line)) steps += 1
    const indent = given < steps ? /^( +)with:$/.exec(line)?.[1] : undefined
    if (indent === undefined) return [line]
    given += 1
    return [line, `${indent}  endpoint: ${endpoint}`, `${indent}  sts-endpoint: ${endpoint}`]
  })
  if (steps === 0) throw new Error('no step makes a call')
  if (given < steps) throw new Error('a step has no inputs')
  return lines.join('\n')
}
