import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readCertificateRequests } from '../../src/certificates/certificate-requests.ts'
import { makeDeviceCertificate } from '../../src/certificates/device-certificate.ts'
import { makeCaCertificate } from '../../src/certificates/issued-ca.ts'
import { signerInMemory } from '../../src/certificates/signer.ts'
import { readSubject } from '../../src/certificates/subject.ts'
import { makeVerificationCertificate } from '../../src/certificates/verification-certificate.ts'
import { issuerOf } from '../../src/certificates/x509.ts'
import { makeCa, makeLeaf, privateKey, privateKeyPem, type Kind } from '../../testing/certificates.ts'
import { hasOpenssl, OpensslFolder } from '../support/openssl.ts'
import { makeRequest } from '../support/requests.ts'

const KINDS: readonly Kind[] = ['RSA 2048', 'EC P-256', 'EC P-384', 'EC P-521']

// Skipped where openssl is not installed.
;(hasOpenssl ? describe : describe.skip).each(KINDS)('with a CA that we made, for a key %s,', (kind) => {
  const folder = new OpensslFolder()
  const deviceKeys = { rsa: privateKey('RSA 2048'), ec: privateKey('EC P-256') }

  beforeAll(async () => {
    const key = privateKey(kind)
    const other = issuerOf((await makeCa()).certificate)
    const subject = readSubject('subject', 'CN=Devices,O=Example,C=CN')
    const ca = await makeCaCertificate({ signer: signerInMemory(key, other), subject, validDays: 30 })
    const issuer = issuerOf(ca)
    const signer = signerInMemory(key, issuer)
    folder.write('ca.pem', ca.toString())
    for (const [name, deviceKey] of Object.entries(deviceKeys)) {
      const [request] = readCertificateRequests({ name, bytes: makeRequest(deviceKey) }).requests
      if (request === undefined) throw new Error('The request was refused.')
      const device = await makeDeviceCertificate({ issuer, signer, request, validDays: 30 })
      folder.write(`${name}.pem`, device.toString())
    }
    const verification = await makeVerificationCertificate({
      issuer,
      signer,
      registerCode: '13274673-8f90-4630-bea1-9cccb25756ad2089473625',
      validDays: 30,
    })
    folder.write('verification.pem', verification.toString())
    const server = await makeLeaf({ subject: 'CN=localhost' })
    folder.write('server.pem', server.pem + privateKeyPem(server.key))
  })
  afterAll(() => {
    folder.remove()
  })

  it.each(['ca', 'rsa', 'ec', 'verification'])('openssl verifies the certificate strictly: %s', (name) => {
    const verified = folder.run('verify', '-x509_strict', '-check_ss_sig', '-CAfile', 'ca.pem', `${name}.pem`)
    expect(verified).toBe(`${name}.pem: OK\n`)
  })

  it.each(['rsa', 'ec'])('openssl verifies it as a TLS client, and for nothing else: %s', (name) => {
    const verify = (purpose: string) =>
      folder.run('verify', '-purpose', purpose, '-CAfile', 'ca.pem', `${name}.pem`)
    expect(verify('sslclient')).toBe(`${name}.pem: OK\n`)
    expect(() => verify('sslserver')).toThrow()
    expect(() => verify('smimesign')).toThrow()
  })

  const handshakes = (['rsa', 'ec'] as const).flatMap((name) =>
    (['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({ name, version })),
  )
  it.each(handshakes)(
    'a server of openssl accepts a device with a key $name over $version',
    async ({ name, version }) => {
      const port = await freePort()
      const server = spawn(
        'openssl',
        [
          's_server',
          '-accept',
          `127.0.0.1:${port}`,
          '-cert',
          'server.pem',
          '-Verify',
          '1',
          '-verify_return_error',
          '-CAfile',
          'ca.pem',
          '-naccept',
          '1',
        ],
        { cwd: folder.path, stdio: ['pipe', 'pipe', 'pipe'] },
      )
      try {
        const lines: string[] = []
        const output = createInterface(server.stdout)
        output.on('line', (line) => lines.push(line))
        const isReady = () => lines.includes('ACCEPT')
        while (!isReady()) await once(output, 'line')
        const socket = connect({
          ...{ host: '127.0.0.1', port, rejectUnauthorized: false, minVersion: version, maxVersion: version },
          cert: folder.read(`${name}.pem`),
          key: privateKeyPem(deviceKeys[name]),
        })
        await once(socket, 'secureConnect')
        expect(socket.getProtocol()).toBe(version)
        // With TLS 1.3 the server checks the certificate after the client is connected: only then does it read this.
        socket.end('from the device\n')
        socket.resume()
        await once(server, 'exit')
        expect(lines.join('\n')).toContain('from the device')
        expect(lines.join('\n')).toMatch(/^subject=CN ?= ?device-1$/m)
      } finally {
        server.kill()
      }
    },
  )
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
