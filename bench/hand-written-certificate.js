/**
 * Makes a verification certificate for `hand-written-kms.sh`, in two steps: `begin CA_FILE CODE` writes what is to be
 * signed and prints its digest, `finish SIGNATURE` prints the certificate. openssl cannot sign with a key in KMS.
 */
import { createHash, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'

const [step, ...values] = process.argv.slice(2)
const hex = (text) => Buffer.from(text, 'hex')
const ECDSA_SHA256 = hex('300a06082a8648ce3d040302')

function der(tag, ...parts) {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.of(tag, ...size), content])
}

function name(commonName) {
  const value = der(0x0c, Buffer.from(commonName))
  return der(0x30, der(0x31, der(0x30, hex('0603550403'), value)))
}

function time(ms) {
  const text = new Date(ms).toISOString().replace(/^..|[-:T]|\..*/g, '')
  return der(0x17, Buffer.from(`${text}Z`))
}

if (step === 'begin') {
  const [caFile, code] = values
  const ca = new X509Certificate(readFileSync(caFile))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const toBeSigned = der(
    0x30,
    hex('a003020102'),
    der(0x02, Buffer.of(0x10), randomBytes(15)),
    ECDSA_SHA256,
    name(ca.subject.replace('CN=', '')),
    der(0x30, time(Date.now() - 900_000), time(Date.now() + 30 * 86_400_000)),
    name(code),
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  writeFileSync('to-be-signed.der', toBeSigned)
  console.log(createHash('sha256').update(toBeSigned).digest('base64'))
} else {
  const signature = der(0x03, Buffer.of(0), Buffer.from(values[0], 'base64'))
  const certificate = der(0x30, readFileSync('to-be-signed.der'), ECDSA_SHA256, signature)
  process.stdout.write(new X509Certificate(certificate).toString())
}
