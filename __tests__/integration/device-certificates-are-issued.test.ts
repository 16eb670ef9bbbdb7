import { generateKeyPairSync, X509Certificate, type KeyObject } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { trust } from '../../testing/registered-cas.ts'
import { makeCa, privateKeyPem, type Issued } from '../../testing/certificates.ts'
import { runStep, type StepRun } from '../../testing/run-step.ts'
import { emulated, withKms } from '../support/emulated.ts'
import { caInKms } from '../support/kms.ts'
import { runStepInProcess } from '../support/step-in-process.ts'
import { der } from '../support/der.ts'
import { bytes, commonName, makeRequest, nameOf, pemOf } from '../support/requests.ts'

const shared = emulated()
type Inputs = Readonly<Record<string, string>>
let folder: string
let ca: Issued

beforeAll(async () => {
  trust(shared.emulator)
  ca = await makeCa()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'devices-'))
  mkdirSync(join(folder, 'requests'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const newKey = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const requestOf = (name: string, key = newKey()): Buffer =>
  makeRequest(key, { subject: nameOf(commonName(der(0x0c, name))) })

function put(file: string, content: string | Buffer = pemOf(requestOf(file))): string {
  writeFileSync(join(folder, 'requests', file), content)
  return join(folder, 'requests', file)
}

/** Runs the step through `dist/`, or from `src/` in this process. */
async function issue(inputs: Inputs, env: Inputs = {}, run: typeof runStep = runStep): Promise<StepRun> {
  return await run(
    'issue-device-certificates',
    {
      'certificate-requests': join(folder, 'requests', '*.csr'),
      'ca-certificate': ca.pem,
      ...('kms-key-id' in inputs ? {} : { 'ca-private-key': privateKeyPem(ca.key) }),
      ...inputs,
    },
    { env: { NODE_EXTRA_CA_CERTS: shared.emulator.info.caFile, RUNNER_TEMP: folder, ...env } },
  )
}

const inKms = async (): Promise<Inputs> => ({
  ...withKms(shared.emulator),
  'ca-certificate': await caInKms(shared.emulator),
})

function reportOf({ outputs }: StepRun): Record<string, string>[] {
  const lines = readFileSync(outputs['report-file'] ?? '', 'utf8')
    .trim()
    .split('\n')
  return lines.map((line) => JSON.parse(line) as Record<string, string>)
}

function filesOf({ outputs }: StepRun): string[] {
  return readdirSync(outputs['certificates-directory'] ?? '').sort()
}

describe('a certificate', () => {
  it('is made for each request, with a file and a line of the report', async () => {
    put('a.csr')
    put('b.csr', requestOf('b'))
    put('c.csr', pemOf(requestOf('c-1')) + pemOf(requestOf('c-2'), 'NEW CERTIFICATE REQUEST'))
    const step = await issue(
      {},
      { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'a/b', GITHUB_RUN_ID: '7' },
    )
    expect(step).toMatchObject({
      exitCode: 0,
      annotations: [],
      stderr: '',
      outputs: { 'certificate-count': '4' },
    })
    expect(step.outputs).not.toHaveProperty('certificate')
    expect(filesOf(step)).toEqual(['a.crt', 'b.crt', 'c-1.crt', 'c-2.crt'])
    const report = reportOf(step)
    expect(report.map(({ status }) => status)).toEqual(['issued', 'issued', 'issued', 'issued'])
    for (const line of report) {
      const certificate = new X509Certificate(readFileSync(line['file'] ?? ''))
      expect(certificate.verify(ca.certificate.publicKey)).toBe(true)
      expect(certificate.checkIssued(ca.certificate)).toBe(true)
      expect(line).toMatchObject({
        subject: certificate.subject,
        serialNumber: certificate.serialNumber.toLowerCase(),
        fingerprint: certificate.fingerprint256,
        notAfter: certificate.validToDate.toISOString(),
        runUrl: 'https://github.com/a/b/actions/runs/7/attempts/1',
      })
    }
    expect(await shared.emulator.requests()).toEqual([])
  })

  it('is an output if there is one request, whose text names no file', async () => {
    const step = await issue({ 'certificate-requests': pemOf(requestOf('device-1')) })
    expect(step).toMatchObject({ exitCode: 0, outputs: { 'certificate-count': '1' } })
    const certificate = new X509Certificate(step.outputs['certificate'] ?? '')
    expect(certificate.subject).toBe('CN=device-1')
    expect(filesOf(step)).toEqual([`${certificate.serialNumber.toLowerCase()}.crt`])
  })

  it('is signed in KMS, and the report names the key', async () => {
    put('a.csr')
    const step = await issue(await inKms())
    expect(step).toMatchObject({ exitCode: 0, annotations: [] })
    const { kmsKeyId } = shared.emulator.info
    expect(reportOf(step)).toMatchObject([{ kmsKeyId, kmsKeyVersionId: expect.any(String) }])
    expect(step.summary).toContain(`KMS key ${kmsKeyId}, version `)
  })

  it('ends with its CA, and a warning says when', async () => {
    put('a.csr')
    const step = await issue({ 'valid-days': '36500' }, {}, runStepInProcess)
    const end = ca.certificate.validToDate.toISOString()
    expect(step.stdout).toContain(`::warning::The certificates end with the CA, on ${end}`)
    expect(reportOf(step)).toMatchObject([{ notAfter: end }])
  })
})

describe('a path with brackets', () => {
  it('is a path if there is such a file', async () => {
    const step = await issue({ 'certificate-requests': put('device[1].csr') })
    expect(step).toMatchObject({ exitCode: 0, outputs: { 'certificate-count': '1' } })
    expect(filesOf(step)).toEqual(['device[1].crt'])
  })
})

describe('the report', () => {
  it('has the fields of its schema, with a key in KMS', async () => {
    put('a.csr')
    const step = await issue(await inKms(), {
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_REPOSITORY: 'a/b',
      GITHUB_RUN_ID: '7',
    })
    const schema = JSON.parse(readFileSync('docs/device-certificates.schema.json', 'utf8')) as {
      $defs: { issued: { properties: Record<string, unknown> } }
    }
    const [line] = reportOf(step)
    expect(Object.keys(line ?? {}).sort()).toEqual(Object.keys(schema.$defs.issued.properties).sort())
  })

  it('shows the subject of a device that is named by a UUID', async () => {
    const name = 'a0b1c2d3-8f90-4630-bea1-9cccb25756ad'
    put('a.csr', requestOf(name))
    expect(reportOf(await issue({}))).toMatchObject([{ subject: `CN=${name}` }])
  })
})

describe('an extension that a request asks for', () => {
  it('is ignored, and the log says so', async () => {
    const name = der(0x30, der(0x82, 'device.example'))
    const extension = der(0x30, der(0x06, bytes('551d11')), der(0x04, name))
    const values = der(0x31, der(0x30, extension))
    const attributes = der(0xa0, der(0x30, der(0x06, bytes('2a864886f70d01090e')), values))
    put('a.csr', pemOf(makeRequest(newKey(), { attributes: [attributes] })))
    const step = await issue({})
    expect(step.log).toMatch(/^Extensions {5}requested, and ignored: subjectAltName$/m)
    const [line] = reportOf(step)
    expect(new X509Certificate(readFileSync(line?.['file'] ?? '')).subjectAltName).toBeUndefined()
  })
})

describe('a secret that is in the wrong input', () => {
  it('is masked and not shown, if the environment has it too', async () => {
    const secret = 'k44p4ho3wq9zr7vx1mb6tj2nd8fy5c'
    const step = await issue({ 'valid-days': secret }, { ALIBABA_CLOUD_ACCESS_KEY_SECRET: secret })
    expect(step).toMatchObject({ exitCode: 1, outputs: {} })
    expect(step.masks).toContain(secret)
    expect(step.annotations.join()).not.toContain(secret)
  })
})

describe('many requests', () => {
  it('are signed in KMS while it throttles, each once', async () => {
    for (let index = 0; index < 60; index++) put(`device-${index}.csr`)
    await shared.emulator.setFaults([
      { operation: 'AsymmetricSign', fault: { code: 'Rejected.Throttling' }, times: 20 },
    ])
    const step = await issue(await inKms())
    expect(step).toMatchObject({ exitCode: 0, annotations: [], outputs: { 'certificate-count': '60' } })
    expect(step.log).toMatch(/^Issued {9}60 of 60, after 20 retries$/m)
    expect(new Set(reportOf(step).map(({ serialNumber }) => serialNumber)).size).toBe(60)
  })

  it('are issued although KMS returns a wrong signature once', async () => {
    for (let index = 0; index < 5; index++) put(`device-${index}.csr`)
    const wrong = { status: 200, body: JSON.stringify({ RequestId: '1', Value: 'AAAA' }) }
    await shared.emulator.setFaults([{ operation: 'AsymmetricSign', fault: wrong }])
    const step = await issue(await inKms(), {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 0, outputs: { 'certificate-count': '5' } })
    expect(step.log).toMatch(/^Issued {9}5 of 5, after 1 retry$/m)
  })

  it('wait no longer than the timeout while KMS throttles all of them', async () => {
    for (let index = 0; index < 60; index++) put(`device-${index}.csr`)
    const inputs = await inKms()
    await shared.emulator.setFaults([
      { operation: 'AsymmetricSign', fault: { code: 'Rejected.Throttling' }, times: 'always' },
    ])
    const step = await issue({ ...inputs, timeout: '4', 'max-attempts': '100' }, {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 1, outputs: { 'certificate-count': '0' } })
    expect(step.annotations[0]).toMatch(/Rejected\.Throttling|did not accept all calls within 4 s/)
    expect(reportOf(step)).toHaveLength(60)
  }, 20_000)

  it('are issued as far as possible when KMS fails in the middle, and the outputs say how far', async () => {
    for (let index = 0; index < 10; index++) put(`device-${index}.csr`)
    const inputs = await inKms()
    await shared.emulator.reset()
    await shared.emulator.setFaults([
      { operation: 'AsymmetricSign', fault: { delayMs: 0 }, times: 3 },
      { operation: 'AsymmetricSign', fault: { code: 'Rejected.Disabled' }, times: 'always' },
    ])
    const step = await issue(inputs, {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 1, annotations: [expect.any(String)] })
    expect(step.annotations[0]).toMatch(
      /^3 of 10 device certificates were issued, into .*Rejected\.Disabled.*Enable it/,
    )
    expect(step.outputs).toMatchObject({ 'certificate-count': '3' })
    expect(filesOf(step)).toHaveLength(3)
    const statuses = reportOf(step).map(({ status }) => status)
    expect(statuses.filter((status) => status === 'issued')).toHaveLength(3)
    expect(statuses.filter((status) => status === 'not-issued')).toHaveLength(7)
  })
})

describe('nothing is signed', () => {
  const twice = newKey()
  const refused: readonly (readonly [string, () => Inputs | undefined, RegExp])[] = [
    [
      'a request is bad',
      () => {
        put('a.csr')
        put('b.csr', 'no request')
        return {}
      },
      /^Nothing was signed, because of the certificate requests: .*b\.csr contains neither PEM text nor/,
    ],
    [
      'a key occurs twice',
      () => {
        put('a.csr', pemOf(requestOf('a', twice)))
        put('b.csr', pemOf(requestOf('b', twice)))
        return {}
      },
      /b\.csr has the same key as .*a\.csr/,
    ],
    [
      'two requests have one file name',
      () => {
        put('a.csr')
        put('A.csr')
        return {}
      },
      /has the same file name as/,
    ],
    [
      'a pattern matches nothing',
      () => ({}),
      /^The pattern .*\*\.csr in certificate-requests matches no file/,
    ],
    [
      'a file is missing',
      () => ({ 'certificate-requests': join(folder, 'x.csr') }),
      /^The file .*x\.csr in certificate-requests does not exist/,
    ],
    [
      'a file that a pattern matches cannot be found again, because its name is not UTF-8',
      () => {
        writeFileSync(Buffer.from(`${join(folder, 'requests')}/\xff.csr`, 'latin1'), '')
        return {}
      },
      /^The file .*requests\/\ufffd\.csr in certificate-requests does not exist or cannot be read/,
    ],
    [
      'a certificate is there already',
      () => {
        put('a.csr')
        mkdirSync(join(folder, 'out'))
        writeFileSync(join(folder, 'out', 'a.crt'), 'old')
        return { 'output-directory': join(folder, 'out') }
      },
      /^The folder for the certificates has a\.crt already/,
    ],
    [
      'a file name cannot be in an artifact',
      () => {
        put('a:b.csr')
        return {}
      },
      /has a name that its certificate cannot have/,
    ],
    [
      'the timeout is longer than the session of the role',
      () => {
        put('a.csr')
        return {
          ...withKms(shared.emulator),
          'role-to-assume': shared.emulator.info.roleArn,
          'sts-endpoint': shared.emulator.info.endpoint,
          timeout: '901',
        }
      },
      /^timeout \(901 s\) is longer than role-session-expiration \(900 s\)/,
    ],
    [
      'a file name is too long for its certificate',
      () => {
        put('x'.repeat(252), pemOf(requestOf('x')))
        return { 'certificate-requests': join(folder, 'requests', '*') }
      },
      /has a name that is too long for its certificate/,
    ],
    [
      'the base64 of DER is given in place of PEM text',
      () => ({ 'certificate-requests': requestOf('a').toString('base64') }),
      /: certificate-requests contains a certificate request in binary form \(DER\), in base64\. Correct/,
    ],
    [
      'the base64 of a key in DER is given in place of requests',
      () => {
        const der = newKey().export({ type: 'pkcs8', format: 'der' })
        return { 'certificate-requests': der.toString('base64').replace(/.{64}/g, '$&\n') }
      },
      /: certificate-requests contains a private key in binary form \(DER\), in base64\. Correct/,
    ],
    [
      'a key in JSON is given in place of requests',
      () => ({ 'certificate-requests': JSON.stringify(newKey().export({ format: 'jwk' })) }),
      /^Line 1 of certificate-requests is neither PEM text nor a path\. Use PEM text/,
    ],
    ['no key is given', () => ({ 'ca-private-key': '' }), /^Missing input: ca-private-key/],
  ]
  it.each(refused)('if %s', async (_, prepare, message) => {
    const step = await issue(prepare() ?? {}, {}, runStepInProcess)
    expect(step).toMatchObject({ exitCode: 1, outputs: {}, annotations: [expect.stringMatching(message)] })
    expect(await shared.emulator.requests('AsymmetricSign')).toEqual([])
    expect(existsSync(join(folder, 'requests', 'a.crt'))).toBe(false)
  })

  it('and twenty bad requests are named, the others are in the log', async () => {
    for (let index = 0; index < 30; index++) put(`device-${index}.csr`, 'no request')
    const { annotations, log } = await issue({})
    expect(annotations[0]?.match(/contains neither/g)).toHaveLength(20)
    expect(annotations[0]).toContain('and 10 more, in the log')
    expect(annotations[0]?.length).toBeLessThan(4096)
    expect(log.match(/^Bad request/gm)).toHaveLength(30)
  })
})
