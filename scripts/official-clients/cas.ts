import { randomBytes } from 'node:crypto'
import type { StartupLine } from '../../emulator/run.ts'
import { makeCa, makeLeaf, type Issued } from '../../testing/certificates.ts'
import type { Check } from '../checks.ts'
import { makeCall, refused, succeeded, type Client, type ClientCall, type Outcome } from './client.ts'

type Body = Readonly<Record<string, unknown>>

/** Registers a CA, reads, changes and deletes it, and tries what must be refused. */
export async function checkCas(programs: string, info: StartupLine): Promise<Check[]> {
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
    ca: Issued,
    about: { code: string; signer?: Issued; client?: Client },
  ): Promise<Outcome> => {
    const { pem } = await makeLeaf({ issuer: about.signer ?? ca, subject: `CN=${about.code}` })
    const parameters = { CaName: 'official-clients', CaContent: ca.pem, VerificationContent: pem }
    return call('RegisterCaCertificate', parameters, about.client)
  }

  // Its first bit is set, so that the service spells it with a leading zero byte.
  const serialNumber = `ff${randomBytes(15).toString('hex')}`
  const Sn = `00${serialNumber}`
  const ca = await makeCa({ kind: 'RSA 2048', serialNumber })
  const ec = await makeCa()
  const leaf = await makeLeaf()
  const code = getCode()

  const registers = (name: string, outcome: Outcome, isCorrect: (body: Body) => boolean): Check =>
    succeeded(`RegisterCaCertificate: ${name}`, outcome, isCorrect)
  const refuses = (name: string, outcome: Outcome, refusal: string): Check =>
    refused(`RegisterCaCertificate: ${name}`, outcome, refusal)
  const checks = [
    refuses('an unknown code', await register(ca, { code: `${code}0` }), 'RegisterCodeError'),
    refuses('signed by another CA', await register(ca, { code, signer: ec }), 'CertificateContentError'),
    refuses('not a CA', await register(leaf, { code }), 'CertificateContentError'),
    registers('an RSA CA', await register(ca, { code }), (body) => body['Sn'] === Sn),
    refuses('a used code', await register(ec, { code }), 'RegisterCodeUsed'),
    refuses('a registered CA', await register(ca, { code: getCode() }), 'SnNotUnique'),
  ]
  const registeredEc = await register(ec, { code: getCode(), client: 'classic' })

  const shows = (status: string): boolean => {
    const { Data } = call('GetCaCertificate', { Sn }).body ?? {}
    const { CaContent, RegistrationCode, Status } = (Data ?? {}) as Body
    return CaContent === ca.pem && RegistrationCode === code && Status === status
  }
  const changes = (operation: string, isDone: () => boolean): Check =>
    succeeded(operation, call(operation, { Sn }), (body) => body['Sn'] === Sn && isDone())
  return [
    ...checks,
    registers('an EC CA, classic signature', registeredEc, (body) => typeof body['Sn'] === 'string'),
    succeeded('GetCaCertificate: as registered, active', call('GetCaCertificate', { Sn }), () => shows('1')),
    succeeded(
      'ListCaCertificate: a page of one',
      call('ListCaCertificate', { PageNo: '2', PageSize: '1' }),
      (body) => {
        const { CaCertificateVOS } = (body['Data'] ?? {}) as { CaCertificateVOS?: readonly Body[] }
        return CaCertificateVOS?.length === 1 && CaCertificateVOS[0]?.['Sn'] === registeredEc.body?.['Sn']
      },
    ),
    changes('InactivateCaCertificate', () => shows('0')),
    changes('ActiveCaCertificate', () => shows('1')),
    changes('DeleteCaCertificate', () => !shows('1')),
    refused('GetCaCertificate: deleted', call('GetCaCertificate', { Sn }), 'FindCaBySnError'),
  ]
}
