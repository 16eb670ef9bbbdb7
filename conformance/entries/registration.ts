import 'reflect-metadata'
import { randomBytes } from 'node:crypto'
import { KeyUsageFlags } from '@peculiar/x509'
import { isSameSerialNumber, readCertificate } from '../../src/certificates/certificate.ts'
import { textIn } from '../../src/attempts/response.ts'
import { makeCa } from '../../testing/certificates.ts'
import { ASSUMED, Difference, documented, NotReached, type Part } from '../entry.ts'
import {
  randomSn,
  requireCode,
  requireSuccess,
  requireThat,
  unknownCode,
  verify,
  type Probe,
} from '../probe.ts'

const DAY_MS = 24 * 60 * 60_000
const MINUTE_MS = 60_000
const LONGEST_SN_BYTES = 128
/** Tried in this order. The actions backdate by 15 minutes. */
const BACKDATING_MINUTES = [0, 1, 5, 15]

const TEXT_FIELDS = ['RegistrationCode', 'CaName', 'Sn', 'CaContent', 'VerificationContent'] as const

/** Register codes, and what a registration needs. */
export const REGISTRATION: Part = {
  title: 'Instances, register codes and registration',
  entries: [
    {
      id: 'editions',
      statement:
        'Enterprise Platinum and Professional instances have the operations. (Checked: this instance issues a code.)',
      source: documented('CA certificates'),
      check: async (probe) => {
        probe.learn('firstCode', await probe.code())
      },
    },
    {
      id: 'other-editions',
      statement: 'Instances of other editions return `ApiNotSupport`.',
      source: ASSUMED,
      unreachable: 'it needs an instance of another edition',
    },
    {
      id: 'other-region',
      statement: 'An instance of another region is not found.',
      source: ASSUMED,
      unreachable: 'only the endpoint of one region is called',
    },
    {
      id: 'code-form',
      statement: 'A register code is a UUID followed by ten digits.',
      source: documented('GetRegisterCode'),
      check: (probe) => {
        const code = probe.known('firstCode')
        const isExpected = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\d{10}$/.test(code)
        // The form only: letters and digits are not shown.
        const form = code.replace(/[a-z]/gi, 'x').replace(/\d/g, '0').replace(/[x0]+/g, shorten)
        requireThat(isExpected, `the form of the code is ${form}`)
        return Promise.resolve()
      },
    },
    {
      id: 'codes-differ',
      statement: 'Each call returns a new code.',
      source: ASSUMED,
      check: async (probe) => {
        const first = probe.known('firstCode')
        requireThat((await probe.code()) !== first, 'the service said the same code twice')
      },
    },
    {
      id: 'ca-flag',
      statement: 'A CA certificate without the CA flag is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: (probe) => isRefusedCa(probe, { isCa: false }),
    },
    {
      id: 'ca-expired',
      statement: 'A CA certificate that has expired is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: (probe) => isRefusedCa(probe, { notAfter: new Date(Date.now() - DAY_MS) }),
    },
    {
      id: 'ca-key-usage',
      statement: 'A CA certificate whose key usage does not allow signing is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: (probe) => isRefusedCa(probe, { keyUsages: KeyUsageFlags.digitalSignature }),
    },
    {
      id: 'ca-key-type',
      statement: 'A CA certificate with another key than RSA or ECC is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: (probe) => isRefusedCa(probe, { kind: 'Ed25519' }),
    },
    {
      id: 'ca-serial-length',
      statement: 'A CA certificate with a serial number of more than 128 bytes is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: (probe) =>
        isRefusedCa(probe, { serialNumber: `01${randomBytes(LONGEST_SN_BYTES).toString('hex')}` }),
    },
    {
      id: 'verification-of-another-ca',
      statement: 'A verification certificate that another CA signed is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const other = await makeCa({ subject: 'CN=Conformance' })
        await isRefusedVerification(probe, await verify(await probe.code(), other))
      },
    },
    {
      id: 'verification-expired',
      statement: 'A verification certificate that has expired is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = await newCa(probe)
        const notAfter = new Date(Date.now() - DAY_MS)
        const verification = await verify(await probe.code(), ca, { notAfter })
        await probe.expectRefusedRegistration(ca, verification, { code: 'CertificateContentError' })
      },
    },
    {
      id: 'verification-not-yet-valid',
      statement: 'A verification certificate that begins in 10 minutes is `CertificateContentError`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = await newCa(probe)
        const notBefore = new Date(Date.now() + 10 * MINUTE_MS)
        const verification = await verify(await probe.code(), ca, { notBefore })
        await probe.expectRefusedRegistration(ca, verification, { code: 'CertificateContentError' })
      },
    },
    {
      id: 'unknown-code',
      statement: 'A verification certificate with a code of nobody is `RegisterCodeError`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = await newCa(probe)
        const verification = await verify(unknownCode(), ca)
        await probe.expectRefusedRegistration(ca, verification, { code: 'RegisterCodeError' })
      },
    },
    {
      id: 'code-of-another-instance',
      statement: 'A code of another instance is `RegisterCodeError`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = await newCa(probe)
        const verification = await verify(await probe.code(requireSecondInstance(probe)), ca)
        await probe.expectRefusedRegistration(ca, verification, { code: 'RegisterCodeError' })
      },
    },
    {
      id: 'certificate-before-code',
      statement:
        'The order of the checks of a registration: CA, verification certificate, code, serial number, number of CAs. (Checked: verification certificate before code.)',
      source: ASSUMED,
      check: async (probe) => {
        const other = await makeCa({ subject: 'CN=Conformance' })
        await isRefusedVerification(probe, await verify(unknownCode(), other))
      },
    },
    {
      id: 'registration',
      statement: 'A CA with an EC key is registered, and the response has its serial number.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = await newCa(probe)
        const code = await probe.code()
        const answer = await probe.register(ca, await verify(code, ca))
        requireSuccess(answer)
        probe.learn('ca', ca)
        probe.learn('code', code)
        const sn = textIn(answer.body, 'Sn') ?? ''
        requireThat(isSameSerialNumber(sn, ca.sn), 'the service said another serial number')
      },
    },
    {
      id: 'seen-at-once',
      statement: 'A registered CA is seen at once by `GetCaCertificate`.',
      source: ASSUMED,
      check: async (probe) => {
        await probe.expectAtOnce('seen', () => probe.isSeen(probe.known('ca')))
      },
    },
    {
      id: 'active-at-once',
      statement: 'A registered CA is active at once.',
      source: documented('CA certificates'),
      check: async (probe) => {
        requireStatus(await probe.fields(probe.known('ca')), '1')
      },
    },
    {
      id: 'sn-spelling',
      statement: '`Sn` is the lower-case hex of the DER bytes.',
      source: documented('GetCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        const { Sn } = await probe.fields(ca)
        const { serialNumber } = ca.certificate
        // Its first bit is set, so its DER has a zero byte before it.
        const isExpected = Sn === `00${serialNumber.toLowerCase()}`
        requireThat(isExpected, `the spelling is ${spellingOf(String(Sn), serialNumber)}`)
      },
    },
    {
      id: 'sn-in-requests',
      statement: 'Requests must use that spelling.',
      source: ASSUMED,
      check: async (probe) => {
        const { sn } = probe.known('ca')
        const others = [sn.toUpperCase(), sn.toLowerCase(), sn.replace(/^0+/, '')]
        for (const other of others.filter((spelling) => spelling !== sn)) {
          requireCode(await probe.client.call('GetCaCertificate', { Sn: other }), 'FindCaBySnError')
        }
      },
    },
    {
      id: 'fields-of-a-ca',
      statement:
        'A CA is shown with its name, its code, its certificate and its verification certificate, as they were sent.',
      source: documented('GetCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        const fields = await probe.fields(ca)
        const missing = TEXT_FIELDS.filter((name) => textIn(fields, name) === undefined)
        requireThat(missing.length === 0, `these fields are missing: ${missing.join(', ')}`)
        const shown = readCertificate({ input: 'the response', text: String(fields['CaContent']) })
        requireThat(shown.raw.equals(ca.certificate.raw), 'the service shows another certificate')
        requireThat(fields['CaName'] === probe.name, 'the service shows another name')
        requireThat(fields['RegistrationCode'] === probe.known('code'), 'the service shows another code')
      },
    },
    {
      id: 'line-ends',
      statement: 'Certificates in responses have the line ends that were sent.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.known('ca')
        const content = String((await probe.fields(ca))['CaContent'])
        const found = content.includes('\\n') ? 'the two characters `\\n`' : 'others'
        requireThat(content === ca.pem, `the line ends are ${found}`)
      },
    },
    {
      id: 'fields-are-texts',
      statement: 'All fields of a CA are strings.',
      source: documented('GetCaCertificate'),
      check: async (probe) => {
        const fields = await probe.fields(probe.known('ca'))
        const others = Object.entries(fields).filter(([, value]) => typeof value !== 'string')
        const found = others.map(([name, value]) => `${name} (${typeof value})`).join(', ')
        requireThat(others.length === 0, `these fields are not: ${found}`)
      },
    },
    {
      id: 'dates',
      statement: '`ValidBegin` and `ValidEnd` are Unix milliseconds.',
      source: documented('GetCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        const { ValidBegin, ValidEnd } = await probe.fields(ca)
        const { validFromDate, validToDate } = ca.certificate
        const isExpected =
          Number(ValidBegin) === validFromDate.getTime() && Number(ValidEnd) === validToDate.getTime()
        requireThat(isExpected, `the service said ${String(ValidBegin).length} characters of another date`)
      },
    },
    {
      id: 'code-used',
      statement: 'A code that was used is `RegisterCodeUsed`, also for a CA that is registered.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        requireCode(await probe.register(ca, await verify(probe.known('code'), ca)), 'RegisterCodeUsed')
      },
    },
    {
      id: 'same-ca-twice',
      statement: 'A CA that is registered with the instance is `SnNotUnique`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        requireCode(await probe.register(ca, await verify(await probe.code(), ca)), 'SnNotUnique')
      },
    },
    {
      id: 'same-serial-number',
      statement: 'Another CA with the serial number of a registered one is `SnNotUnique`.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const { serialNumber } = probe.known('ca').certificate
        const other = probe.adopt(await makeCa({ subject: 'CN=Conformance, O=Other', serialNumber }))
        requireCode(await probe.register(other, await verify(await probe.code(), other)), 'SnNotUnique')
      },
    },
    {
      id: 'two-instances',
      statement:
        'A serial number is registered once, over all instances of all accounts ("unique in global"): a CA cannot be registered with two instances. Other pages say that it can.',
      source: documented('RegisterCaCertificate'),
      check: async (probe) => {
        const instanceId = requireSecondInstance(probe)
        const ca = probe.known('ca')
        const verification = await verify(await probe.code(instanceId), ca)
        await probe.expectRefusedRegistration(ca, verification, { code: 'SnNotUnique', instanceId })
      },
    },
    {
      id: 'refusal-keeps-the-code',
      statement: 'A refused registration leaves its code unused.',
      source: ASSUMED,
      check: async (probe) => {
        const [ca, other] = [await newCa(probe), await makeCa({ subject: 'CN=Conformance' })]
        const code = await probe.code()
        await probe.expectRefusedRegistration(ca, await verify(code, other), {
          code: 'CertificateContentError',
        })
        requireSuccess(await probe.register(ca, await verify(code, ca)))
        await probe.change('DeleteCaCertificate', ca)
      },
    },
    {
      id: 'no-backdating',
      statement:
        'A verification certificate that begins now is valid: it need not be backdated. (Checked with an RSA CA, and the same name as the first.)',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.adopt(
          await makeCa({ subject: 'CN=Conformance', kind: 'RSA 2048', serialNumber: randomSn() }),
        )
        for (const minutes of BACKDATING_MINUTES) {
          const notBefore = new Date(Date.now() - minutes * MINUTE_MS)
          const answer = await probe.register(ca, await verify(await probe.code(), ca, { notBefore }))
          if (answer.code === 'CertificateContentError') continue
          requireSuccess(answer)
          probe.learn('secondCa', ca)
          requireThat(minutes === 0, `it must be backdated: ${minutes} min are enough`)
          return
        }
        throw new Difference(`it must be backdated by more than ${Math.max(...BACKDATING_MINUTES)} min`)
      },
    },
    {
      id: 'maximum-of-cas',
      statement: 'Too many CAs are `CaNumExceed`.',
      source: documented('RegisterCaCertificate'),
      unreachable: 'it needs an instance with as many CAs as it allows',
    },
  ],
}

function requireSecondInstance({ secondInstanceId }: Probe): string {
  if (secondInstanceId !== undefined) return secondInstanceId
  throw new NotReached('--second-instance-id names no second instance')
}

async function newCa(probe: Probe) {
  return probe.adopt(await makeCa({ subject: 'CN=Conformance', serialNumber: randomSn() }))
}

async function isRefusedCa(probe: Probe, options: Parameters<typeof makeCa>[0]): Promise<void> {
  const issued = await makeCa({ subject: 'CN=Conformance', serialNumber: randomSn(), ...options })
  const ca = probe.adopt(issued)
  const verification = await verify(await probe.code(), ca)
  await probe.expectRefusedRegistration(ca, verification, { code: 'CertificateContentError' })
}

/** Checks that a certificate is refused as the verification certificate of a new CA, which did not sign it. */
async function isRefusedVerification(
  probe: Probe,
  verification: Awaited<ReturnType<typeof verify>>,
): Promise<void> {
  await probe.expectRefusedRegistration(await newCa(probe), verification, { code: 'CertificateContentError' })
}

/** @throws Difference if a CA has another status, whatever its type */
export function requireStatus({ Status }: Readonly<Record<string, unknown>>, status: '0' | '1'): void {
  requireThat(String(Status) === status, `the status is ${String(Status).slice(0, 20)}`)
}

function spellingOf(sn: string, serialNumber: string): string {
  if (!isSameSerialNumber(sn, serialNumber)) return 'not that of the number in hex'
  const letters = sn === sn.toLowerCase() ? 'lower case' : 'upper case'
  return `${letters}, ${sn.startsWith('00') ? 'with' : 'without'} the zero byte of DER`
}

/** Writes a run of letters and digits as its length. */
function shorten(run: string): string {
  return `[${run.length}${run.includes('x') ? '' : ' digits'}]`
}
