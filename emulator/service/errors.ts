/** A documented error. `later` is its status since the notice on the adjustment of HTTP status codes. */
type DocumentedError = { readonly status: number; readonly message: string; readonly later: number }

const FLOW_CONTROL = 'Request was denied due to user flow control.'
const PARAMETERS = 'Failed to validate the parameters. The parameters may be missing or invalid.'

/** Every error of the service that the emulator knows, by its code. */
export const documentedErrors = {
  // Errors of the gateway, about any request.
  MissingAction: error(400, 'Action is mandatory for this action.'),
  'InvalidAction.NotFound': error(404, 'Specified api is not found, please check your url and method.'),
  InvalidVersion: error(400, 'Specified parameter Version is not valid.'),
  'InvalidProduct.NotFound': error(404, 'Specified product is not found.'),
  UnsupportedHTTPMethod: error(400, 'This http method is not supported.'),
  InvalidParameter: error(400, 'The specified parameter is not valid.'),
  IncompleteSignature: error(400, 'The request signature does not conform to Aliyun standards.'),
  InvalidSignatureMethod: error(400, 'Specified signature method is not valid.'),
  SignatureDoesNotMatch: error(400, 'Specified signature is not matched with our calculation.'),
  SignatureNonceUsed: error(400, 'Specified signature nonce was used already.'),
  'InvalidTimeStamp.Expired': error(400, 'Specified time stamp or date value is expired.'),
  'InvalidTimeStamp.Format': error(400, 'Specified time stamp or date value is not well formatted.'),
  'InvalidAccessKeyId.NotFound': error(404, 'Specified access key is not found.'),
  'InvalidAccessKeyId.Inactive': error(400, 'Specified access key is disabled.'),
  MissingSecurityToken: error(400, 'SecurityToken is mandatory for this action.'),
  'InvalidSecurityToken.Expired': error(400, 'Specified SecurityToken is expired.'),
  'InvalidSecurityToken.Malformed': error(400, 'Specified SecurityToken is malformed.'),
  Throttling: error(400, 'Request was denied due to request throttling.'),
  'Throttling.User': error(400, FLOW_CONTROL),
  'Throttling.Api': error(400, 'Request was denied due to api flow control.'),
  NoPermission: error(403, 'You are not authorized to do this action. You should be authorized by RAM.'),
  Forbidden: error(403, 'User not authorized to operate on the specified resource.'),
  'Forbidden.RAM': error(403, 'User not authorized to operate on the specified resource.'),
  ServiceUnavailable: error(503, 'The request has failed due to a temporary failure of the server.'),

  // Errors of STS.
  MissingRoleArn: error(400, 'RoleArn is mandatory for this action.'),
  MissingRoleSessionName: error(400, 'RoleSessionName is mandatory for this action.'),
  MissingOIDCProviderArn: error(400, 'OIDCProviderArn is mandatory for this action.'),
  'InvalidParameter.RoleSessionName': error(400, 'The parameter RoleSessionName is wrongly formed.'),
  'InvalidParameter.DurationSeconds': error(400, 'The Min/Max value of DurationSeconds is 15min/1hr.'),
  'InvalidParameter.PolicyGrammar': error(400, 'The parameter Policy has not passed grammar check.'),
  'EntityNotExist.Role': error(404, 'The specified Role not exists.'),
  'AuthenticationFail.NoPermission': error(401, 'There is no permission'),
  'AuthenticationFail.OIDCToken.Invalid': error(401, 'The Jwt content is invalid that cannot be recognized.'),
  'AuthenticationFail.OIDCToken.InvalidSignature': error(
    401,
    'OIDC token validate failed: invalid signature.',
  ),
  'AuthenticationFail.OIDCToken.IssuerNotMatch': error(401, 'Invalid issuer.'),
  'AuthenticationFail.OIDCToken.AudienceNotMatch': error(401, 'Invalid audience.'),
  'AuthenticationFail.OIDCToken.Expired': error(401, 'This JsonWebToken is expired.'),

  // Errors of KMS.
  'Forbidden.KeyNotFound': error(404, 'The specified Key is not found.'),
  'Forbidden.AliasNotFound': error(404, 'The specified Alias is not found.'),
  'Forbidden.KeyVersionNotFound': error(404, 'The specified Key version is not found.'),
  'Forbidden.NoPermission': error(403, 'This operation is forbidden by permission system.'),
  'Rejected.Disabled': error(409, 'The request was rejected because the key state is Disabled.'),
  'Rejected.PendingDeletion': error(
    409,
    'The request was rejected because the key state is PendingDeletion.',
  ),
  'Rejected.PendingImport': error(409, 'The request was rejected because the key state is PendingImport.'),
  'Rejected.StateModifiedFailed': error(409, 'Keystate modified failed.'),
  'Rejected.LimitExceeded': error(
    400,
    'The request was rejected because user create resource limit was exceeded.',
  ),
  'Rejected.UnsupportedOperation': error(400, 'Unsupported operation.'),
  'Rejected.Throttling': error(429, 'QPS Limit Exceeded'),
  UnsupportedOperation: error(400, 'This action is not supported.'),
  MissingParameter: error(400, 'A parameter is needed but not provided.'),
  AliasAlreadyExists: error(400, 'AliasName Already Exists.'),
  DryRunOperationError: error(
    400,
    'The request would have succeeded if the DryRun parameter is not configured.',
  ),
  InternalFailure: error(500, 'Internal Failure'),
  ServiceUnavailableTemporary: error(503, 'Service Unavailable Temporary'),

  // Errors of ApsaraMQ for MQTT.
  ParameterFieldCheckFailed: error(500, PARAMETERS, 400),
  MqttInstanceNotFound: error(500, 'Specified instance is not found', 400),
  MqttOwnerCheckError: error(500, 'Failed to validate the instance permission', 403),
  PermissionCheckFailed: error(403, 'Failed to verify API permissions.'),
  InstancePermissionCheckFailed: error(
    400,
    'An error occurred while validating the permissions of the instance.',
  ),
  GetCaNumError: error(500, 'Failed to get ca num. Try again later.', 401),
  RegisterCodeError: error(500, 'Register code error in verification certificate.', 400),
  RegisterCodeUsed: error(500, 'Register code has been used.', 401),
  FindCaBySnError: error(500, 'Failed to find the CA by the SN.', 400),
  FindDeviceBySnError: error(
    500,
    'Failed to find the device certificate by the SN. Please check sn is valid',
    400,
  ),
  CaNumExceed: error(500, 'CA certificate num exceed', 401),
  CertificateContentError: error(500, 'check ca/verification certificate content', 401),
  SnNotUnique: error(500, 'Sn is not unique in global', 401),
  ApiNotSupport: error(404, 'The specified API is not supported.'),
  InternalError: error(500, 'An error occurred while processing your request. Try again later.', 417),
  SystemOverFlow: error(500, 'An error occurred while processing your request. Please try again.', 403),
} satisfies Record<string, DocumentedError>

export type ErrorCode = keyof typeof documentedErrors

/** The documented statuses to send: those of the API reference, or those of the later notice. */
export type Statuses = 'documented' | 'later'

/** A refusal with the code and message of the service. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly code: ErrorCode
  readonly #status: number | undefined
  /** `AccessDeniedDetail` of a denial by RAM. */
  readonly accessDeniedDetail: Readonly<Record<string, string>> | undefined

  /** @param details.status for an operation that returns this code with another status than the table */
  constructor(
    code: ErrorCode,
    details: {
      readonly message?: string
      readonly status?: number
      readonly accessDeniedDetail?: Readonly<Record<string, string>>
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
  const { status, later } = documentedErrors[code]
  return statuses === 'later' ? later : status
}

function error(status: number, message: string, later = status): DocumentedError {
  return { status, message, later }
}
