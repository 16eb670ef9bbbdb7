import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readCaCertificate, readCaPrivateKey } from '../../src/certificates/ca-certificate.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { makeVerificationCertificate } from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const hasOpenssl = spawnSync('openssl', ['version']).status === 0

it('CI has openssl, so that the tests below run', () => {
  expect(hasOpenssl || process.env['CI'] === undefined).toBe(true)
})

/** The arguments of `openssl req -newkey` for each kind of CA key. */
const CAS: readonly [string, string, string][] = [
  ['RSA 2048', 'rsa:2048', '-sha256'],
  ['RSA 3072', 'rsa:3072', '-sha512'],
  ['EC P-256', 'ec -pkeyopt ec_paramgen_curve:P-256', '-sha256'],
  ['EC P-384', 'ec -pkeyopt ec_paramgen_curve:P-384', '-sha384'],
  ['EC P-521', 'ec -pkeyopt ec_paramgen_curve:P-521', '-sha512'],
]

// Skipped where openssl is not installed. The test above checks that CI has it.
;(hasOpenssl ? describe : describe.skip).each(CAS)(
  'with a CA that openssl made, %s,',
  (kind, newKey, digest) => {
    const folder = mkdtempSync(join(tmpdir(), 'openssl-'))
    const file = (name: string) => join(folder, name)
    const openssl = (command: string) =>
      execFileSync('openssl', command.split(' '), {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).toString()

    beforeAll(async () => {
      openssl(
        `req -x509 -newkey ${newKey} -passout pass:of-the-key -keyout ca.key -out ca.pem ${digest} -days 100 ` +
          '-subj /C=CN/O=Example/CN=Devices -addext keyUsage=critical,keyCertSign,cRLSign',
      )
      const chain = { input: 'ca-certificate', text: readFileSync(file('ca.pem'), 'utf8') }
      const ca = readCaCertificate(chain)
      const key = readCaPrivateKey({
        ca,
        chain,
        pem: { input: 'ca-private-key', text: readFileSync(file('ca.key'), 'utf8') },
        passphrase: { input: 'ca-private-key-passphrase', values: ['of-the-key'] },
      })
      const issuer = issuerOf(ca)
      const signer = signerInMemory(key, issuer)
      const certificate = await makeVerificationCertificate({
        issuer,
        signer,
        registerCode: CODE,
        validDays: 30,
      })
      writeFileSync(file('verification.pem'), certificate.toString())
    })
    afterAll(() => {
      rmSync(folder, { recursive: true })
    })

    it('openssl verifies the verification certificate, also with -x509_strict', () => {
      expect(openssl('verify -CAfile ca.pem verification.pem')).toBe('verification.pem: OK\n')
      expect(openssl('verify -x509_strict -check_ss_sig -CAfile ca.pem verification.pem')).toBe(
        'verification.pem: OK\n',
      )
    })

    it('openssl reads the verification certificate', () => {
      // Newer versions write no spaces around the equals signs.
      const names = openssl('x509 -in verification.pem -noout -subject -issuer').replaceAll(' ', '')
      expect(names).toBe(`subject=CN=${CODE}\nissuer=C=CN,O=Example,CN=Devices\n`)
      const text = openssl('x509 -in verification.pem -noout -text')
      expect(text).toContain('Version: 3 (0x2)')
      expect(text).toMatch(/X509v3 Basic Constraints: critical\s+CA:FALSE/)
      const keyId =
        /Subject Key Identifier:\s+(\S+)/.exec(openssl('x509 -in ca.pem -noout -text'))?.[1] ?? 'none'
      expect(text).toMatch(new RegExp(`Authority Key Identifier:\\s+(keyid:)?${keyId}`))
      expect(text).toContain(kind.startsWith('RSA') ? '(2048 bit)' : `NIST CURVE: ${kind.slice(3)}`)
      expect(text).toMatch(new RegExp(`Signature Algorithm: .*${digest.slice(1)}`, 'i'))
    })

    it('openssl sees the same subject in the CA as issuer', () => {
      expect(openssl('x509 -in verification.pem -noout -issuer_hash')).toBe(
        openssl('x509 -in ca.pem -noout -subject_hash'),
      )
    })
  },
)
