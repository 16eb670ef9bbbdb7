import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { emulated, workingInputs } from '../support/emulated.ts'
import { runStepInProcess } from '../support/step-in-process.ts'

const service = emulated()
const RUN = { GITHUB_REPOSITORY: 'acme/devices', GITHUB_RUN_ID: '42' }

const ec = createPublicKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)
const rsa = createPublicKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const der = ec.export({ type: 'spki', format: 'der' })
const point = der.subarray(-65)
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
const ssh = Buffer.concat([
  text('ecdsa-sha2-nistp256'),
  text('nistp256'),
  text(point.toString('latin1')),
]).toString('base64')
const sshEd25519 = Buffer.concat([text('ssh-ed25519'), text('x'.repeat(32))]).toString('base64')
const jwk = JSON.stringify(rsa.export({ format: 'jwk' }))

// Runs the actions in this process, except for the last row, which runs through dist/.
describe('a public key in an unsupported form', () => {
  it.each([
    ['JWK', jwk, 'JSON Web Key'],
    ['JWK on several lines', JSON.stringify(ec.export({ format: 'jwk' }), null, 2), 'JSON Web Key'],
    ['a set of JWKs', `{"keys":[${jwk}]}`, 'JSON Web Key'],
    ['JWK in base64', Buffer.from(jwk).toString('base64url'), 'JSON Web Key'],
    ['DER in hex', der.toString('hex'), 'hex'],
    ['DER in hex with colons', der.toString('hex').replace(/..(?=.)/g, '$&:'), 'hex'],
    ['DER in hex with 0x', `0x${der.toString('hex').toUpperCase()}`, 'hex'],
    ['DER in base64', der.toString('base64'), 'PEM key without'],
    ['DER in base64url', der.toString('base64url'), 'PEM key without'],
    ['PEM in hex', Buffer.from(ec.export({ type: 'spki', format: 'pem' })).toString('hex'), 'PEM key in hex'],
    ['a point of the curve in hex', point.toString('hex'), 'hex'],
    ['a point of the curve in base64', point.toString('base64'), 'EC key'],
    ['ecdsa-sha2', `ecdsa-sha2-nistp256 ${ssh} me@host`, 'OpenSSH'],
    ['ssh-ed25519', `ssh-ed25519 ${sshEd25519}`, 'OpenSSH'],
    ['sk-ssh', `sk-ssh-ed25519@openssh.com ${sshEd25519} me`, 'OpenSSH'],
    ['sk-ecdsa', `sk-ecdsa-sha2-nistp256@openssh.com ${ssh}`, 'OpenSSH'],
    ['OpenSSH with options', `from="10.0.0.0/8" ssh-ed25519 ${sshEd25519}`, 'OpenSSH'],
    ['OpenSSH without its type', sshEd25519, 'OpenSSH'],
    ['RFC 4716', `---- BEGIN SSH2 PUBLIC KEY ----\n${ssh}\n---- END SSH2 PUBLIC KEY ----`, 'PEM key'],
    ['age', `age1${'q'.repeat(58)}`, 'age'],
  ])('is not used as a passphrase: %s', async (_, key, name) => {
    const run = name === 'age' ? runStep : runStepInProcess
    const sealing = await run('.', { ...workingInputs(service.emulator), 'seal-key': key }, { env: RUN })
    const opening = await run(
      'unseal',
      { 'sealed-register-code': 'a.b.c.d.e', 'seal-key': key },
      { env: RUN },
    )
    for (const ended of [sealing, opening]) {
      expect(ended.annotations).toEqual([
        expect.stringMatching(
          /^Invalid seal-key: the value is .*, not a passphrase\. Use the PEM text of the key with its -----BEGIN/,
        ),
      ])
      expect(ended.annotations[0]).toContain(name)
      expect(ended.outputs).toEqual({})
    }
    expect(await service.emulator.requests()).toEqual([])
  })
})

describe('a passphrase', () => {
  it.each([
    ['in base64', randomBytes(32).toString('base64')],
    ['in hex', randomBytes(32).toString('hex')],
    ['of words', 'my ssh-agent passphrase of 2026'],
    ['in braces', '{correct} {horse} {battery}'],
    ['that starts like an age recipient', 'age1 is but a number, they say'],
  ])('is accepted: %s', async (_, passphrase) => {
    const run = await service.getRegisterCode({ 'seal-key': passphrase }, RUN)
    expect(run).toMatchObject({ exitCode: 0, annotations: [] })
    const sealed = run.outputs['sealed-register-code'] ?? ''
    const opened = await runStep(
      'unseal',
      { 'sealed-register-code': sealed, 'seal-key': passphrase },
      { env: RUN },
    )
    expect(opened.outputs['register-code']).toBe(run.outputs['register-code'])
  })
})
