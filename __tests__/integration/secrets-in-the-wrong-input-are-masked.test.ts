import { expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'

// An error about an invalid value shows that value. By then, all secrets of the step must be masked.
const SECRET = 'xeak1f3q7m2p9z8t5w4c6v0b'
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'

it.each([
  ['register', 'access-key-secret', {}],
  ['register', 'security-token', {}],
  ['register', 'ca-private-key-passphrase', {}],
  ['register', undefined, { ALIBABA_CLOUD_ACCESS_KEY_SECRET: SECRET }],
  ['register', undefined, { ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET }],
  ['sign', 'ca-private-key-passphrase', {}],
])('%s masks a secret that is also in valid-days: %s %j', async (action, input, env) => {
  const run = await runStep(
    action,
    {
      'ca-private-key': '-----BEGIN PRIVATE KEY-----\nAAAAAAAA\n-----END PRIVATE KEY-----',
      'valid-days': SECRET,
      ...(action === 'sign' && { 'register-code': CODE }),
      ...(input !== undefined && { [input]: SECRET }),
    },
    { env },
  )
  expect(run.exitCode).toBe(1)
  expect(run.masks).toContain(SECRET)
  expect(run.log).not.toContain(SECRET)
})

it('sign masks a register code that is also in valid-days', async () => {
  const run = await runStep('sign', {
    'register-code': CODE,
    'ca-private-key': '-----BEGIN PRIVATE KEY-----\nAAAAAAAA\n-----END PRIVATE KEY-----',
    'valid-days': CODE,
  })
  expect(run.exitCode).toBe(1)
  expect(run.masks).toContain(CODE)
  expect(run.log).not.toContain(CODE)
})
