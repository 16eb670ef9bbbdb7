import { describe, expect, it } from '@jest/globals'
import { runStep } from '../../testing/run-step.ts'
import { makeCa, privateKey } from '../../testing/certificates.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const ca = await makeCa({ key: privateKey('RSA 2048') })
const pem = ca.key.export({ type: 'pkcs8', format: 'pem' }).toString()
const body = pem.split('\n').slice(1, -2).join('')

const framed = (lines: readonly string[], begin = '-----BEGIN PRIVATE KEY-----'): string =>
  [begin, ...lines, '-----END PRIVATE KEY-----', ''].join('\n')
const wrappedAt = (width: number): string[] => body.match(new RegExp(`.{1,${width}}`, 'g')) ?? []

async function sign(inputs: Record<string, string>) {
  return await runStep('sign', { 'register-code': CODE, 'ca-certificate': ca.pem, ...inputs })
}

describe('a private key', () => {
  it.each([5, 10, 15, 64, 76])(
    'wrapped at %i characters is accepted and masked line by line',
    async (width) => {
      const lines = wrappedAt(width)
      const run = await sign({ 'ca-private-key': framed(lines) })
      expect(run.annotations).toEqual([])
      // The last line may be too short to be a secret.
      expect(run.masks).toEqual(expect.arrayContaining(lines.slice(0, -1)))
      expect(run.masks.filter((mask) => mask.includes('-----'))).toEqual([])
    },
  )

  it.each([
    ['with a dash missing', framed(wrappedAt(64), '-----BEGIN PRIVATE KEY----')],
    ['with dashes of another kind', framed(wrappedAt(64), '––BEGIN PRIVATE KEY––')],
    ['without its BEGIN line', wrappedAt(64).join('\n')],
    ['in base64 without its end', Buffer.from(pem.slice(0, 160)).toString('base64')],
    ['with the key on the BEGIN line', `-----BEGIN PRIVATE KEY ${wrappedAt(64).join('\n')}`],
    ['in quotes', JSON.stringify(framed(wrappedAt(64), '-----BEGIN-----'))],
    ['escaped twice', framed(wrappedAt(64), '-----BEGIN KEY-----').replaceAll('\n', '\\\\n')],
  ])('that is invalid is masked nevertheless: %s', async (_, text) => {
    const run = await sign({ 'ca-private-key': text })
    expect(run.exitCode).toBe(1)
    const hidden = run.masks.join('\n')
    const lines = text.split(/\\+n|\n/).filter((line) => line.length >= 8 && !line.startsWith('-----END'))
    for (const line of lines) expect(hidden).toContain(line.replace(/^"/, ''))
    expect(run.stdout.replace(/^::add-mask::.*$/gm, '')).not.toContain(body.slice(0, 12))
  })
})

describe('a certificate input', () => {
  it('never causes a mask', async () => {
    const fake = framed(Array.from({ length: 20 }, (_, at) => `ordinary-text-${at}`))
    const run = await sign({ 'ca-certificate': fake + ca.pem, 'ca-private-key': pem })
    expect(run.annotations).toEqual([])
    expect(run.masks.filter((mask) => mask.includes('ordinary'))).toEqual([])
  })
})
