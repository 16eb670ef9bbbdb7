import { describe, expect, it } from '@jest/globals'
import { readNoProxy } from '../../src/attempts/no-proxy.ts'
import { readGivenCertificates } from '../../src/certificates/given-certificates.ts'
import { readCertificateRequests } from '../../src/certificates/certificate-requests.ts'
import { blocksIn } from '../../src/certificates/pem.ts'
import { readSubject } from '../../src/certificates/subject.ts'
import { ActionError } from '../../src/errors.ts'
import { readProxy } from '../../src/inputs/proxy.ts'
import { clean, cleanForeign, mask, maskLines } from '../../src/runner/masking.ts'
import { withEnvironment } from '../support/in-process.ts'

const MEBIBYTE = 1024 * 1024

/** Texts that make a backtracking expression or nested escapes take minutes. */
const TEXTS: readonly string[] = [
  ' ',
  '\n',
  '-',
  '\\',
  '%',
  '%25',
  '&',
  '&#',
  ':',
  ',',
  'A',
  'ab0+',
  '61 ',
  '-----BEGIN ',
  '-----BEGIN A-----',
  '\\n',
]

/** Functions that read untrusted texts, or texts of any length. */
const READERS: readonly [string, (text: string) => unknown][] = [
  ['clean', (text) => clean(text)],
  ['cleanForeign', (text) => cleanForeign(text)],
  ['blocksIn', (text) => blocksIn(text)],
  ['readSubject', (text) => orActionError(() => readSubject('subject', `CN=${text}`))],
  ['readGivenCertificates', (text) => readGivenCertificates({ name: 'a', bytes: Buffer.from(text) })],
  ['readCertificateRequests', (text) => readCertificateRequests({ name: 'a', bytes: Buffer.from(text) })],
  ['readNoProxy', (text) => readNoProxy(text)({ hostname: 'mqtt.example', port: 443 })],
  [
    'describe',
    (text) =>
      new ActionError({ what: text, fix: text, code: text, serviceMessage: text, requestId: text }).describe(
        clean,
        cleanForeign,
      ),
  ],
  // Last, because they remember what they read.
  ['maskLines', (text) => [maskLines(text), clean('Something is printed after it.')]],
  ['readProxy', (text) => orActionError(() => readProxy({ HTTPS_PROXY: `http://user:${text}@proxy:1` }))],
  ['readProxy, as a host', (text) => orActionError(() => readProxy({ HTTPS_PROXY: text }))],
]

describe.each(READERS)('%s', (_, read) => {
  it.each(TEXTS)('reads a mebibyte of %j', async (piece) => {
    const text = piece.repeat(Math.ceil(MEBIBYTE / piece.length))
    const { thrown } = await withEnvironment({}, () => {
      mask('q1w2e3r4t5y6u7i8o9p0')
      mask('tuna-7')
      read(text)
    })
    expect(thrown).toBeUndefined()
  })
})

function orActionError(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    if (error instanceof ActionError) return error
    throw error
  }
}
