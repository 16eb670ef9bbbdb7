/**
 * Stands in the demo for the step that comes after the action: takes the register code from its environment, makes a
 * CA, a verification certificate whose Common Name is the code, and signs it with the key of the CA.
 */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'

const registerCode = process.env['REGISTER_CODE'] ?? ''
if (registerCode === '') throw new Error('REGISTER_CODE is not set')

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 3600 * 1000
const caKeys = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
const ca = await X509CertificateGenerator.createSelfSigned({
  name: 'CN=Devices of the demo',
  keys: caKeys,
  signingAlgorithm: ecdsa,
  notAfter: new Date(Date.now() + 3650 * day),
  extensions: [new BasicConstraintsExtension(true, undefined, true)],
})
const { publicKey } = await webcrypto.subtle.generateKey(ecdsa, true, ['sign', 'verify'])
const verification = await X509CertificateGenerator.create({
  subject: [{ CN: [registerCode] }],
  issuer: ca.subjectName,
  publicKey,
  signingKey: caKeys.privateKey,
  signingAlgorithm: ecdsa,
  notAfter: new Date(Date.now() + 30 * day),
})

console.log(`Subject      ${verification.subject}`)
console.log(`Issuer       ${verification.issuer}`)
console.log(`Valid until  ${verification.notAfter.toISOString()}`)
console.log(
  `Signed by the CA: ${(await verification.verify({ publicKey: ca, signatureOnly: true })) ? 'yes' : 'no'}`,
)
