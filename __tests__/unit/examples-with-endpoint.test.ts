import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { withEndpoint } from '../../scripts/examples/run-example.ts'

const examples = join(dirname(dirname(import.meta.dirname)), 'examples')
/** All examples except the one that sets an endpoint itself, and the one that uses no action of this repository. */
const names = readdirSync(examples).filter(
  (name) => name.endsWith('.yml') && !['emulator.yml', 'conformance.yml'].includes(name),
)

type Workflow = {
  jobs: Record<string, { steps: { uses?: string; with?: Record<string, string> }[] }>
}

/** An action that makes no call has none. KMS is called for a key there only. */
function endpointsOf(uses = '', inputs: Readonly<Record<string, string>> = {}): string[] {
  const action = /^OWNER\/apsaramq-mqtt-register-code\/?(.*)@v1$/.exec(uses)?.[1]
  const kms = 'kms-key-id' in inputs ? ['kms-endpoint'] : []
  if (action !== undefined && ['', 'register', 'inventory', 'set-status'].includes(action))
    return ['endpoint', 'sts-endpoint', ...kms]
  return kms.length > 0 ? ['sts-endpoint', ...kms] : []
}

describe('an example with the endpoint of the emulator', () => {
  it.each(names)('%s changes only in the endpoints of the steps that make calls', (name) => {
    const example = readFileSync(join(examples, name), 'utf8')
    const changed = parse(withEndpoint(example, '127.0.0.1:8443')) as Workflow
    for (const { uses, with: inputs } of Object.values(changed.jobs).flatMap(({ steps }) => steps)) {
      for (const name of endpointsOf(uses, inputs)) {
        expect(inputs?.[name]).toBe('127.0.0.1:8443')
        delete inputs?.[name]
      }
    }
    expect(changed).toEqual(parse(example))
  })

  it('is refused when it makes no call', () => {
    expect(() => withEndpoint('jobs: {}', 'a')).toThrow('no step makes a call')
  })

  it('is refused when a step that makes a call has no inputs', () => {
    const steps = '    steps:\n      - uses: OWNER/apsaramq-mqtt-register-code@v1\n      - run: true'
    expect(() => withEndpoint(steps, 'a')).toThrow('a step has no inputs')
  })
})
