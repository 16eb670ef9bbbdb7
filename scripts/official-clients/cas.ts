import { randomBytes } from 'node:crypto'
import type { StartupLine } from '../../emulator/startup-line.ts'
import { makeCa, makeVerification, type MadeCa } from './certificates.ts'
import { makeCall, type Client, type ClientCall, type Outcome } from './clients.ts'
import type { Tally } from './tally.ts'

type Body = Readonly<Record<string, unknown>>

/** Registers a CA, reads it, changes it and deletes it; and tries what must be refused. */
export async function checkCas(tally: Tally, programs: string, info: StartupLine): Promise<void> {
  const call = (
    operation: string,
    parameters: ClientCall['parameters'] = {},
    client: Client = 'onsmqtt',
  ): Outcome => {
    const method = operation === 'RegisterCaCertificate' ? 'POST' : 'GET'
    const all = { MqttInstanceId: info.instanceId, ...parameters }
    return makeCall({ client, operation, method, parameters: all }, info, programs)
  }
  const getCode = (): string => String(call('GetRegisterCode').body?.['RegisterCode'])
  const register = async (
    ca: MadeCa,
    about: { code: string; signer?: MadeCa; client?: Client },
  ): Promise<Outcome> => {
    const VerificationContent = await makeVerification(about.signer ?? ca, about.code)
    const parameters = { CaName: 'official-clients', CaContent: ca.pem, VerificationContent }
    return call('RegisterCaCertificate', parameters, about.client)
  }

  // With its first bit set, so that the service spells it with a zero byte before it.
  const serialNumber = `ff${randomBytes(15).toString('hex')}`
  const Sn = `00${serialNumber}`
  const ca = await makeCa({ key: 'RSA', serialNumber })
  const ec = await makeCa({ key: 'EC', serialNumber: `01${randomBytes(15).toString('hex')}` })
  const leaf = await makeCa({ key: 'EC', serialNumber: '02', isCa: false })
  const code = getCode()

  const refused = async (name: string, outcome: Promise<Outcome>, refusal: string): Promise<void> => {
    tally.refused(`RegisterCaCertificate: ${name}`, await outcome, refusal)
  }
  await refused('a code that was not given out', register(ca, { code: `${code}0` }), 'RegisterCodeError')
  await refused('another CA signed', register(ca, { code, signer: ec }), 'CertificateContentError')
  await refused('no CA', register(leaf, { code }), 'CertificateContentError')
  tally.succeeded(
    'RegisterCaCertificate: an RSA CA',
    await register(ca, { code }),
    (body) => body['Sn'] === Sn,
  )
  await refused('a code that was used', register(ec, { code }), 'RegisterCodeUsed')
  await refused('a CA that is there', register(ca, { code: getCode() }), 'SnNotUnique')
  const registeredEc = await register(ec, { code: getCode(), client: 'classic' })
  tally.succeeded(
    'RegisterCaCertificate: an EC CA, classic signature',
    registeredEc,
    ({ Sn }) => typeof Sn === 'string',
  )

  const shows = (status: string): boolean => {
    const { Data } = call('GetCaCertificate', { Sn }).body ?? {}
    const { CaContent, RegistrationCode, Status } = (Data ?? {}) as Body
    return CaContent === ca.pem && RegistrationCode === code && Status === status
  }
  const changes = (operation: string, isDone: () => boolean): void => {
    tally.succeeded(operation, call(operation, { Sn }), (body) => body['Sn'] === Sn && isDone())
  }
  tally.succeeded('GetCaCertificate: as registered, active', call('GetCaCertificate', { Sn }), () =>
    shows('1'),
  )
  tally.succeeded(
    'ListCaCertificate: a page of one',
    call('ListCaCertificate', { PageNo: '2', PageSize: '1' }),
    (body) => {
      const { CaCertificateVOS } = (body['Data'] ?? {}) as { CaCertificateVOS?: readonly Body[] }
      return CaCertificateVOS?.length === 1 && CaCertificateVOS[0]?.['Sn'] === registeredEc.body?.['Sn']
    },
  )
  changes('InactivateCaCertificate', () => shows('0'))
  changes('ActiveCaCertificate', () => shows('1'))
  changes('DeleteCaCertificate', () => !shows('1'))
  tally.refused('GetCaCertificate: deleted', call('GetCaCertificate', { Sn }), 'FindCaBySnError')
}
