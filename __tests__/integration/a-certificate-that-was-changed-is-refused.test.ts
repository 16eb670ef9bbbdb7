import 'reflect-metadata'
import { sign, X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { makeCa, makeLeaf, type Issued } from '../../testing/certificates.ts'
import { partsOf, toBeSignedOf } from '../support/der.ts'
import { emulated } from '../support/emulated.ts'
import { snOf, withKey } from '../../testing/registered-cas.ts'

const service = emulated()
const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
/** Of an RSA key of 2048 bits, at the end of a certificate. */
const SIGNATURE_BYTES = 256

/** The same certificate with other bytes in it, signed anew. */
function rewritten({ certificate, key }: Issued, from: string, to: string): Issued {
  const raw = Buffer.from(certificate.raw)
  raw.write(to, raw.indexOf(from, 'latin1'), 'latin1')
  sign('sha256', toBeSignedOf(raw), key).copy(raw, raw.length - SIGNATURE_BYTES)
  const changed = new X509Certificate(raw)
  return { certificate: changed, pem: changed.toString(), key }
}

/** Makes a CA certificate that contains these dates byte for byte. */
function withDates(issued: Issued, change: (times: readonly string[]) => readonly [string, string]): Issued {
  return rewritten(issued, ...change(partsOf(issued.certificate.raw).times))
}

const ca = await makeCa({ kind: 'RSA 2048' })
const UNREADABLE: readonly [string, Issued][] = [
  ['an end in letters', withDates(ca, ([, end = '']) => [end, 'soon'.padEnd(end.length, '.')])],
  ['an end in the month 13', withDates(ca, ([, end = '']) => [end, `${end.slice(0, 2)}13${end.slice(4)}`])],
  ['an end without a zone', withDates(ca, ([, end = '']) => [end, `${end.slice(0, -1)}0`])],
  ['a beginning in letters', withDates(ca, ([begin = '']) => [begin, 'once'.padEnd(begin.length, '.')])],
]

describe('a CA with a date that cannot be read', () => {
  it.each(UNREADABLE)('is refused by register before the first call: %s', async (_, bad) => {
    const predecessor = await makeCa()
    await service.register(withKey(predecessor))
    const before = await service.emulator.requests()
    const run = await service.register({ ...withKey(bad), replaces: snOf(predecessor) })
    expect(run.annotations).toEqual([
      expect.stringMatching(/^The certificate in ca-certificate contains an invalid date\. Issue the/),
    ])
    expect(run.outputs).toEqual({})
    expect(await service.emulator.requests()).toEqual(before)
  })

  it.each(UNREADABLE)('is refused by sign: %s', async (_, bad) => {
    const { 'ca-certificate': certificate = '', 'ca-private-key': key = '' } = withKey(bad)
    const inputs = { 'register-code': CODE, 'ca-certificate': certificate, 'ca-private-key': key }
    const run = await runStep('sign', inputs)
    expect(run.annotations).toEqual([expect.stringContaining('contains an invalid date')])
    expect(run.outputs).toEqual({})
  })

  it('in its verification certificate is refused before the first call', async () => {
    const verification = await makeLeaf({ issuer: ca, key: ca.key })
    const bad = withDates(verification, ([, end = '']) => [end, 'soon'.padEnd(end.length, '.')])
    const inputs = { 'ca-name': 'devices', 'ca-certificate': ca.pem, 'verification-certificate': bad.pem }
    const run = await service.register(inputs)
    expect(run.annotations).toEqual([
      expect.stringMatching(/^The certificate in verification-certificate contains an invalid date/),
    ])
    expect(await service.emulator.requests()).toEqual([])
  })
})

describe('a self-signed CA with an invalid signature', () => {
  const lastByte = Buffer.from(ca.certificate.raw)
  lastByte.writeUInt8(lastByte.readUInt8(lastByte.length - 1) ^ 1, lastByte.length - 1)
  const laterEnd = Buffer.from(ca.certificate.raw)
  const [, end = ''] = partsOf(laterEnd).times
  laterEnd.write(`39${end.slice(2)}`, laterEnd.indexOf(end, 'latin1'), 'latin1')

  it.each([
    ['a changed signature', lastByte],
    ['a changed date', laterEnd],
  ])('is refused: %s', async (_, changed) => {
    const { 'ca-private-key': key = '' } = withKey(ca)
    const inputs = { 'ca-certificate': new X509Certificate(changed).toString(), 'ca-private-key': key }
    for (const run of [
      await runStep('sign', { 'register-code': CODE, ...inputs }),
      await service.register({ 'ca-name': 'devices', ...inputs }),
    ]) {
      expect(run.annotations).toEqual([
        expect.stringMatching(
          /^The CA certificate in ca-certificate is self-signed, but its signature is invalid/,
        ),
      ])
      expect(run.outputs).toEqual({})
    }
    expect(await service.emulator.requests()).toEqual([])
  })

  it('is not checked for a CA that another CA issued, because the key of the issuer is unknown', async () => {
    const below = await makeCa({ issuer: ca, subject: new x509.Name('CN=Devices CA') })
    const { 'ca-certificate': certificate = '', 'ca-private-key': key = '' } = withKey(below)
    const inputs = { 'register-code': CODE, 'ca-certificate': certificate, 'ca-private-key': key }
    expect(await runStep('sign', inputs)).toMatchObject({ exitCode: 0, annotations: [] })
  })
})
