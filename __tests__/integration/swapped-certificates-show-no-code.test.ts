import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { makeCa, makeLeaf, type Issued } from '../../testing/certificates.ts'
import { emulated } from '../support/emulated.ts'

const service = emulated()
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const subject = new x509.Name([{ CN: [CODE] }])

const ca = await makeCa()
const verification = await makeLeaf({ issuer: ca, subject })
// `openssl req -x509 -CA` makes such certificates, because its default configuration sets CA:TRUE.
const verificationAsCa = await makeCa({ issuer: ca, subject })
const key = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()

function expectNoCode(run: StepRun, text: RegExp): void {
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toEqual([expect.stringMatching(text)])
  // Not even as a mask, because the process does not recognize it as a code.
  expect(run.stdout + run.stderr + run.summary).not.toContain(CODE)
}

describe('swapped CA and verification certificates', () => {
  it.each<[string, Issued, RegExp]>([
    [
      'a verification certificate',
      verification,
      /^The certificate in ca-certificate is not a CA certificate\..* swapped/,
    ],
    [
      'a verification certificate with CA:TRUE',
      verificationAsCa,
      /^The certificate in verification-certificate was not signed by .* swapped/,
    ],
  ])('show no code in register: %s', async (_, given, text) => {
    const run = await service.register(
      { 'ca-name': 'devices', 'ca-certificate': given.pem, 'verification-certificate': ca.pem },
      { env: { RUNNER_DEBUG: '1' } },
    )
    expectNoCode(run, text)
    expect(await service.emulator.requests()).toEqual([])
  })

  it.each<[string, Issued, RegExp]>([
    [
      'a verification certificate',
      verification,
      /^The certificate in ca-certificate is not a CA certificate\..* swapped/,
    ],
    [
      'a verification certificate with CA:TRUE',
      verificationAsCa,
      /^The private key in ca-private-key does not belong to the CA/,
    ],
  ])('show no code in sign: %s', async (_, given, text) => {
    const inputs = {
      'register-code': 'another-code-1234',
      'ca-certificate': given.pem,
      'ca-private-key': key,
    }
    expectNoCode(await runStep('sign', inputs, { env: { RUNNER_DEBUG: '1' } }), text)
  })

  it('show no code when register is given the key as well', async () => {
    for (const given of [verification, verificationAsCa]) {
      const inputs = { 'ca-name': 'devices', 'ca-certificate': given.pem, 'ca-private-key': key }
      expectNoCode(await service.register(inputs), /is not a CA certificate|does not belong to the CA/)
    }
    expect(await service.emulator.requests()).toEqual([])
  })
})
