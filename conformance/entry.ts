import type { Probe } from './probe.ts'

/** One assumption about the service. To add one, add it to a part in `entries/`; then `npm run docs`. */
export type Entry = {
  /** A short name, which stays the same. */
  readonly id: string
  /** What is assumed, as one or more sentences. */
  readonly statement: string
  readonly source: Source
} & (
  | {
      /** Asks the service. Returns if it is as assumed; throws a `Difference` or `NotReached` if not. */
      readonly check: (probe: Probe) => Promise<void>
    }
  | {
      /** Why no check can ask the service, after "because". */
      readonly unreachable: string
    }
)

/** A heading of the documentation, with the entries below it, in the order of the checks. */
export type Part = { readonly title: string; readonly entries: readonly Entry[] }

/** Where an assumption comes from. */
export type Source = { readonly words: string; readonly link?: string }

const HELP = 'https://www.alibabacloud.com/help/en/'
const REFERENCE = 'apsaramq-for-mqtt/mqtt-upgraded/developer-reference/api-onsmqtt-2020-04-20-'
const KMS_REFERENCE = 'kms/key-management-service/developer-reference/api-kms-2016-01-20-'

/** Alibaba Cloud's pages say it. */
export function documented(page: keyof typeof PAGES): Source {
  return { words: 'documented', link: HELP + PAGES[page] }
}

/** The pages by a short name. */
const PAGES = {
  GetRegisterCode: `${REFERENCE}getregistercode`,
  RegisterCaCertificate: `${REFERENCE}registercacertificate`,
  GetCaCertificate: `${REFERENCE}getcacertificate`,
  ListCaCertificate: `${REFERENCE}listcacertificate`,
  GetDeviceCertificate: `${REFERENCE}getdevicecertificate`,
  ListDeviceCertificate: `${REFERENCE}listdevicecertificate`,
  InactivateDeviceCertificate: `${REFERENCE}inactivatedevicecertificate`,
  DeleteCaCertificate: `${REFERENCE}deletecacertificate`,
  'authentication of devices':
    'apsaramq-for-mqtt/mqtt-upgraded/developer-reference/certificate-based-authentication-on-clients',
  'CA certificates': 'apsaramq-for-mqtt/mqtt-upgraded/user-guide/manage-ca-certificates',
  'common errors': 'sdk/product-overview/common-error-codes',
  'signature in headers': 'sdk/product-overview/v3-request-structure-and-signature',
  'signature in the query': 'sdk/product-overview/rpc-mechanism',
  'RAM policies': 'ram/policy-overview',
  AssumeRole: 'ram/developer-reference/api-sts-2015-04-01-assumerole',
  AssumeRoleWithOIDC: 'ram/developer-reference/api-sts-2015-04-01-assumerolewithoidc',
  DescribeKey: `${KMS_REFERENCE}describekey`,
  ListKeyVersions: `${KMS_REFERENCE}listkeyversions`,
  GetPublicKey: `${KMS_REFERENCE}getpublickey`,
  AsymmetricSign: `${KMS_REFERENCE}asymmetricsign`,
  'KMS errors': 'kms/key-management-service/developer-reference/common-error-codes-1',
  'KMS key states': 'kms/developer-reference/impact-of-cmk-status-on-api-operations',
  'STS errors': 'ram/developer-reference/api-sts-2015-04-01-errorcodes',
}

/** @param where the program whose code shows it */
export function readIn(where: string): Source {
  return { words: `read in ${where}` }
}

export const BY_GITHUB: Source = {
  words: 'documented by GitHub',
  link: 'https://docs.github.com/en/actions/reference/security/oidc',
}
export const ASSUMED: Source = { words: 'assumed' }
/** The emulator is simpler than the service on purpose. */
export const SIMPLIFIED: Source = { words: 'simplified' }
/** Something that only the emulator has. */
export const ITS_OWN: Source = { words: "the emulator's own" }

/** The service behaves in another way than assumed. */
export class Difference extends Error {}

/** A check could not ask the service. The message says why, after "because". */
export class NotReached extends Error {}
