import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check } from '../checks.ts'
import { checksOf, prefixed, type ExpectedCa } from './example-checks.ts'
import { KEYLESS, runExample, type Setting, type UserSetup } from './run-example.ts'
import { standIns } from './stand-in.ts'

/** The key in the examples. */
export const CA_KEY = 'alias/device-ca'

const FIND_KEY = ['DescribeKey', 'ListKeyVersions', 'GetPublicKey']
const CREATE_CA = [...KEYLESS, ...FIND_KEY, 'AsymmetricSign']
const LOOK_UP = [...KEYLESS, 'GetCaCertificate']
const SIGN_TWICE = ['AsymmetricSign', 'AsymmetricSign']
const REGISTER = [...LOOK_UP, ...FIND_KEY, 'GetRegisterCode', 'AsymmetricSign', 'RegisterCaCertificate']

export async function createCa(setting: Setting): Promise<Check[]> {
  const run = await runExample('create-ca', setting, byHand({}))
  return [
    ...checksOf(run, { calls: CREATE_CA, cas: [], secrets: [] }),
    ['the summary shows the certificate', /Summary - [^]*-----BEGIN CERTIFICATE-----/.test(run.log)],
  ]
}

/** From nothing to a registered CA. When its certificate is committed, the same workflow changes nothing. */
export async function kms(setting: Setting): Promise<Check[]> {
  const first = await runExample('kms', setting, byHand({}))
  const pem = first.cas[0]?.content ?? ''
  const cas = [activeCa(pem, setting)]
  const second = await runExample('kms', setting, { ...byHand({ 'ca.pem': pem }), event: 'push' })
  return [
    ...checksOf(first, { calls: [...CREATE_CA, ...REGISTER], cas, secrets: [] }),
    ...prefixed('with ca.pem', checksOf(second, { calls: LOOK_UP, cas, secrets: [] })),
  ]
}

/** A failure in the middle must not lose the report. */
export async function issueDeviceCertificates(setting: Setting): Promise<Check[]> {
  const { cas } = await runExample('kms', setting, byHand({}))
  const pem = cas[0]?.content ?? ''
  const ca = activeCa(pem, setting)
  const expected = { calls: [...KEYLESS, ...FIND_KEY, ...SIGN_TWICE], cas: [ca], secrets: [] }
  const good = await issueTwo(pem, setting)
  await setting.emulator.setFaults([{ operation: 'AsymmetricSign', fault: { code: 'Rejected.Disabled' } }])
  const failed = await issueTwo(pem, setting)
  return [
    ...checksOf(good.run, expected),
    ['each request has its certificate', good.files.join() === 'device-1.crt,device-2.crt'],
    ['the CA signed them', good.certificates.every((one) => one.verify(ca.ca.certificate.publicKey))],
    ['the report has a line for each', good.report.join() === 'issued,issued', good.report.join()],
    ...prefixed('after a failure', [
      ...checksOf(failed.run, { ...expected, failsAt: 'Issue the certificates' }),
      ['the report is kept', failed.report.includes('not-issued'), failed.report.join()],
    ]),
  ]
}

/** Runs the example with two requests, and a stand-in that keeps the artifacts. */
async function issueTwo(ca: string, setting: Setting) {
  const folder = mkdtempSync(join(setting.folder, 'artifacts-'))
  const files = {
    'ca.pem': ca,
    'requests/device-1.csr': request('device-1'),
    'requests/device-2.csr': request('device-2'),
  }
  const run = await runExample('issue-device-certificates', setting, {
    ...byHand(files),
    actions: standIns('issue-device-certificates', folder, {
      'actions/upload-artifact': `cp -R "\${{ inputs.path }}" "${folder}/\${{ inputs.name }}"`,
    }),
  })
  const certificates = join(folder, 'device-certificates')
  const names = readdirSync(certificates).sort()
  const lines = readFileSync(join(folder, 'device-certificates-report'), 'utf8').trimEnd().split('\n')
  return {
    run,
    files: names,
    certificates: names.map((name) => new X509Certificate(readFileSync(join(certificates, name)))),
    report: lines.map((line) => (JSON.parse(line) as { status: string }).status),
  }
}

function byHand(files: UserSetup['files']): UserSetup {
  return { event: 'workflow_dispatch', files, secrets: {} }
}

/** Makes a certificate request as users do. Its key is discarded, because nothing uses it. */
function request(name: string): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null']
  return execFileSync('openssl', ['req', '-new', ...key, '-subj', `/CN=${name}`], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
}

function activeCa(pem: string, { emulator }: Setting): ExpectedCa {
  return {
    ca: { certificate: new X509Certificate(pem) },
    instanceId: emulator.info.instanceId,
    isActive: true,
  }
}
