/** A documented error. `later` is its status since the notice on the adjustment of HTTP status codes. */
type DocumentedError = { readonly status: number; readonly later?: number; readonly message: string }

const FLOW_CONTROL = 'Request was denied due to user flow control.'
const PARAMETERS = 'Failed to validate the parameters. The parameters may be missing or invalid.'

/** Every error of the service that the emulator knows, by its code. */
export const documentedErrors = {
  // The gateway's: about the request as such.
  MissingAction: { status: 400, message: 'Action is mandatory for this action.' },
  'InvalidAction.NotFound': {
    status: 404,
    message: 'Specified api is not found, please check your url and method.',
  },
  InvalidVersion: { status: 400, message: 'Specified parameter Version is not valid.' },
  'InvalidProduct.NotFound': { status: 404, message: 'Specified product is not found.' },
  UnsupportedHTTPMethod: { status: 400, message: 'This http method is not supported.' },
  InvalidParameter: { status: 400, message: 'The specified parameter is not valid.' },
  IncompleteSignature: {
    status: 400,
    message: 'The request signature does not conform to Aliyun standards.',
  },
  InvalidSignatureMethod: { status: 400, message: 'Specified signature method is not valid.' },
  SignatureDoesNotMatch: { status: 400, message: 'Specified signature is not matched with our calculation.' },
  SignatureNonceUsed: { status: 400, message: 'Specified signature nonce was used already.' },
  'InvalidTimeStamp.Expired': { status: 400, message: 'Specified time stamp or date value is expired.' },
  'InvalidTimeStamp.Format': {
    status: 400,
    message: 'Specified time stamp or date value is not well formatted.',
  },
  'InvalidAccessKeyId.NotFound': { status: 404, message: 'Specified access key is not found.' },
  'InvalidAccessKeyId.Inactive': { status: 400, message: 'Specified access key is disabled.' },
  MissingSecurityToken: { status: 400, message: 'SecurityToken is mandatory for this action.' },
  'InvalidSecurityToken.Expired': { status: 400, message: 'Specified SecurityToken is expired.' },
  'InvalidSecurityToken.Malformed': { status: 400, message: 'Specified SecurityToken is malformed.' },
  Throttling: { status: 400, message: 'Request was denied due to request throttling.' },
  'Throttling.User': { status: 400, message: FLOW_CONTROL },
  'Throttling.Api': { status: 400, message: 'Request was denied due to api flow control.' },
  NoPermission: {
    status: 403,
    message: 'You are not authorized to do this action. You should be authorized by RAM.',
  },
  Forbidden: { status: 403, message: 'User not authorized to operate on the specified resource.' },
  'Forbidden.RAM': { status: 403, message: 'User not authorized to operate on the specified resource.' },
  ServiceUnavailable: {
    status: 503,
    message: 'The request has failed due to a temporary failure of the server.',
  },

  // STS's.
  MissingRoleArn: { status: 400, message: 'RoleArn is mandatory for this action.' },
  MissingRoleSessionName: { status: 400, message: 'RoleSessionName is mandatory for this action.' },
  MissingOIDCProviderArn: { status: 400, message: 'OIDCProviderArn is mandatory for this action.' },
  'InvalidParameter.RoleSessionName': {
    status: 400,
    message: 'The parameter RoleSessionName is wrongly formed.',
  },
  'InvalidParameter.DurationSeconds': {
    status: 400,
    message: 'The Min/Max value of DurationSeconds is 15min/1hr.',
  },
  'InvalidParameter.PolicyGrammar': {
    status: 400,
    message: 'The parameter Policy has not passed grammar check.',
  },
  'EntityNotExist.Role': { status: 404, message: 'The specified Role not exists.' },
  'AuthenticationFail.NoPermission': { status: 401, message: 'There is no permission' },
  'AuthenticationFail.OIDCToken.Invalid': {
    status: 401,
    message: 'The Jwt content is invalid that cannot be recognized.',
  },
  'AuthenticationFail.OIDCToken.InvalidSignature': {
    status: 401,
    message: 'OIDC token validate failed: invalid signature.',
  },
  'AuthenticationFail.OIDCToken.IssuerNotMatch': { status: 401, message: 'Invalid issuer.' },
  'AuthenticationFail.OIDCToken.AudienceNotMatch': { status: 401, message: 'Invalid audience.' },
  'AuthenticationFail.OIDCToken.Expired': { status: 401, message: 'This JsonWebToken is expired.' },

  // ApsaraMQ for MQTT's.
  ParameterFieldCheckFailed: { status: 500, later: 400, message: PARAMETERS },
  MqttInstanceNotFound: { status: 500, later: 400, message: 'Specified instance is not found' },
  MqttOwnerCheckError: { status: 500, later: 403, message: 'Failed to validate the instance permission' },
  PermissionCheckFailed: { status: 403, message: 'Failed to verify API permissions.' },
  InstancePermissionCheckFailed: {
    status: 400,
    message: 'An error occurred while validating the permissions of the instance.',
  },
  GetCaNumError: { status: 500, later: 401, message: 'Failed to get ca num. Try again later.' },
  RegisterCodeError: { status: 500, later: 400, message: 'Register code error in verification certificate.' },
  RegisterCodeUsed: { status: 500, later: 401, message: 'Register code has been used.' },
  FindCaBySnError: { status: 500, later: 400, message: 'Failed to find the CA by the SN.' },
  CaNumExceed: { status: 500, later: 401, message: 'CA certificate num exceed' },
  CertificateContentError: { status: 500, later: 401, message: 'check ca/verification certificate content' },
  SnNotUnique: { status: 500, later: 401, message: 'Sn is not unique in global' },
  ApiNotSupport: { status: 404, message: 'The specified API is not supported.' },
  InternalError: {
    status: 500,
    later: 417,
    message: 'An error occurred while processing your request. Try again later.',
  },
  SystemOverFlow: {
    status: 500,
    later: 403,
    message: 'An error occurred while processing your request. Please try again.',
  },
} as const satisfies Record<string, DocumentedError>

export type ErrorCode = keyof typeof documentedErrors

/** Which of the documented statuses are sent: the ones of the API reference, or the later notice's. */
export type Statuses = 'documented' | 'later'

/** A refusal, as the service words it. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly #status: number | undefined
  /** `AccessDeniedDetail` of a denial by RAM. */
  readonly accessDeniedDetail: Readonly<Record<string, string>> | undefined

  /** @param details.status when one operation answers this code with a status of its own */
  constructor(
    code: ErrorCode,
    details: {
      message?: string
      status?: number
      accessDeniedDetail?: Readonly<Record<string, string>>
    } = {},
  ) {
    super(details.message ?? documentedErrors[code].message)
    this.code = code
    this.#status = details.status
    this.accessDeniedDetail = details.accessDeniedDetail
  }

  status(statuses: Statuses): number {
    return this.#status ?? statusOf(this.code, statuses)
  }
}

export function isDocumented(code: string): code is ErrorCode {
  return Object.hasOwn(documentedErrors, code)
}

export function statusOf(code: ErrorCode, statuses: Statuses): number {
  const error: DocumentedError = documentedErrors[code]
  return statuses === 'later' ? (error.later ?? error.status) : error.status
}
