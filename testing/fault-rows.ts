import type { FaultOrder, Replacement } from '../emulator/faults/orders.ts'

/** A fault, and the outcome that users can rely on. */
export type FaultRow = {
  readonly operation: Operation
  /** The fault, as shown in the test title. */
  readonly fault: string
  /** Rows of one kind differ only in the operation or the error code. One of them runs through `dist/`. */
  readonly kind: string
  /** The faults that the emulator is given. */
  readonly orders?: readonly Omit<FaultOrder, 'operation'>[]
  /** Added to the working inputs of the step. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  /** The timeout of an attempt when the row runs in the process of the test. */
  readonly attemptMs?: number
  readonly promise: Outcome
}

export type Operation =
  | 'GetRegisterCode'
  | 'AssumeRole'
  | 'AssumeRoleWithOIDC'
  | 'GitHubIdToken'
  | 'GetCaCertificate'
  | 'RegisterCaCertificate'
  | 'InactivateCaCertificate'
  | 'DeleteCaCertificate'
  | StatusOperation
  | InventoryOperation
  | KmsOperation

/** The calls that only `set-status` makes, and the activation of a CA, which `register` makes too. */
export const STATUS_OPERATIONS = [
  'GetDeviceCertificate',
  'ListDeviceCertificateByCaSn',
  'ActiveDeviceCertificate',
  'InactivateDeviceCertificate',
  'DeleteDeviceCertificate',
  'ActiveCaCertificate',
] as const
type StatusOperation = (typeof STATUS_OPERATIONS)[number]

/** The calls of `inventory`. */
export const INVENTORY_OPERATIONS = ['ListCaCertificate', 'ListDeviceCertificate'] as const
type InventoryOperation = (typeof INVENTORY_OPERATIONS)[number]

/** The calls of KMS, in their order. */
export const KMS_OPERATIONS = ['DescribeKey', 'ListKeyVersions', 'GetPublicKey', 'AsymmetricSign'] as const
type KmsOperation = (typeof KMS_OPERATIONS)[number]

type Outcome =
  | { readonly succeedsAtAttempt: number }
  | { readonly failsAfterAttempts: number; readonly saying: readonly string[] }

const ALWAYS = 'always'
/** `max-attempts` of the steps. The default for users is 5. */
export const MAX_ATTEMPTS = 3

const fails = (failsAfterAttempts: number, ...saying: string[]): Outcome => ({ failsAfterAttempts, saying })
const refusedAtOnce = (...saying: string[]): Outcome => fails(1, ...saying)
const givesUp = (...saying: string[]): Outcome =>
  fails(MAX_ATTEMPTS, ...saying, `after ${MAX_ATTEMPTS} attempts`)
const passes = (at = 2): Outcome => ({ succeedsAtAttempt: at })

function row(
  operation: Operation,
  fault: string,
  order: Omit<FaultOrder, 'operation'>,
  promise: Outcome,
  more: Partial<Pick<FaultRow, 'kind' | 'inputs' | 'attemptMs'>> = {},
): FaultRow {
  return { operation, fault, kind: fault, orders: [order], promise, ...more }
}

/** Shortens the timeout of an attempt that gets no response. */
const HANGS = { attemptMs: 500 }

const WRONG_PLACE = 'endpoint, region-id and network'
const GITHUB = 'www.githubstatus.com'

/** Returns rows for missing and unreadable responses, which all operations have. */
function brokenAnswers(operation: Operation): FaultRow[] {
  const where = operation === 'GitHubIdToken' ? GITHUB : WRONG_PLACE
  const unreadable = 'not a JSON object'
  const always = (fault: FaultOrder['fault'], title: string, ...saying: string[]): FaultRow =>
    row(operation, title, { fault, times: ALWAYS }, givesUp(...saying))
  const once = (fault: FaultOrder['fault'], title: string): FaultRow =>
    row(operation, `${title}, once`, { fault }, passes(), { kind: 'an invalid response, once' })
  const slow = (fault: FaultOrder['fault'], title: string, ...saying: string[]): FaultRow =>
    row(operation, title, { fault, times: ALWAYS }, refusedAtOnce(...saying), { inputs: { timeout: '1' } })
  return [
    always('reset', 'connection reset before the response', 'ECONNRESET', where),
    once('reset', 'connection reset before the response'),
    row(operation, 'connection reset twice', { fault: 'reset', times: 2 }, passes(3)),
    always(
      'reset-in-body',
      'connection reset in the middle of the body',
      'closed the connection during its response',
      where,
    ),
    once('reset-in-body', 'connection reset in the middle of the body'),
    slow('hang', 'no response', 'did not respond within'),
    row(operation, 'no response, once', { fault: 'hang' }, passes(), HANGS),
    slow('dribble', 'a body that never ends', 'did not finish its response within'),
    row(operation, 'a slow response within the timeout', { fault: { delayMs: 400 } }, passes(1)),
    always('html', 'HTML with HTTP 502', 'HTTP 502', 'text/html', where),
    once('html', 'HTML with HTTP 502'),
    always('html-200', 'HTML with HTTP 200', 'HTTP 200', 'text/html', where),
    always('empty', 'an empty body', 'HTTP 200', unreadable),
    always('empty-500', 'an empty body with HTTP 500', 'HTTP 500', unreadable),
    always('truncated', 'a truncated body', unreadable),
    once('truncated', 'a truncated body'),
    row(operation, 'the right response as text/plain', { fault: 'wrong-content-type' }, passes(1)),
    always('large-body', 'a body of 256 MiB', 'more than 1 MiB'),
    always('null-body', 'the JSON null', unreadable),
    always('array-body', 'a JSON list', unreadable),
    always('redirect', 'a redirect', 'HTTP 302', 'a redirect, which is not followed'),
  ]
}

/** Returns rows for errors of a service of Alibaba Cloud. */
function serviceErrors(
  operation: Operation,
  permanent: Readonly<Record<string, string>>,
  passing: readonly string[],
): FaultRow[] {
  const unknown = (status: number) => ({ code: 'NeverHeardOf', status, message: 'What?' })
  return [
    ...Object.entries(permanent).map(([code, saying]) =>
      row(operation, code, { fault: { code }, times: ALWAYS }, refusedAtOnce(code, saying), {
        kind: 'a permanent error',
      }),
    ),
    ...passing.flatMap((code) => [
      row(operation, code, { fault: { code }, times: ALWAYS }, givesUp(code), {
        kind: 'a temporary error',
      }),
      row(operation, `${code}, once`, { fault: { code } }, passes(), { kind: 'a temporary error, once' }),
    ]),
    row(
      operation,
      'an unknown code with HTTP 400',
      { fault: unknown(400), times: ALWAYS },
      refusedAtOnce('NeverHeardOf: What?'),
    ),
    row(
      operation,
      'an unknown code with HTTP 500',
      { fault: unknown(500), times: ALWAYS },
      givesUp('NeverHeardOf: What?'),
    ),
    row(operation, 'an unknown code with HTTP 503, once', { fault: unknown(503) }, passes()),
    row(
      operation,
      'JSON without a code, with HTTP 500',
      { fault: { status: 500, body: '{}' }, times: ALWAYS },
      givesUp('HTTP 500 without an error code'),
    ),
  ]
}

const SIGNED = {
  'InvalidAccessKeyId.NotFound': 'access-key-id',
  'InvalidAccessKeyId.Inactive': 'RAM',
  SignatureDoesNotMatch: 'secret',
  IncompleteSignature: 'secret',
  'InvalidTimeStamp.Expired': 'clock',
  'InvalidTimeStamp.Format': 'clock',
  'InvalidSecurityToken.Expired': 'expired',
  'InvalidSecurityToken.Malformed': 'security-token',
}
const PASSING = ['InternalError', 'ServiceUnavailable', 'Throttling', 'Throttling.User', 'Throttling.Api']

/** Returns rows for an unreachable host or proxy. */
function unreachable(operation: Operation, input: string): FaultRow[] {
  const rows: Omit<FaultRow, 'kind'>[] = [
    {
      operation,
      fault: 'a host that does not resolve',
      inputs: { [input]: 'nowhere.invalid' },
      promise: refusedAtOnce('nowhere.invalid does not resolve', WRONG_PLACE),
    },
    {
      operation,
      fault: 'a port without a listener',
      inputs: { [input]: '127.0.0.1:9' },
      promise: givesUp('127.0.0.1:9 refused the connection', WRONG_PLACE),
    },
    {
      operation,
      fault: 'a port without a listener at an IPv6 address',
      inputs: { [input]: '[::1]:9' },
      promise: givesUp('[::1]:9 ', WRONG_PLACE),
    },
    {
      operation,
      fault: 'an unreachable proxy',
      inputs: { [input]: 'service.aliyuncs.com' },
      env: { HTTPS_PROXY: 'http://user:word@127.0.0.1:9' },
      promise: givesUp('The proxy 127.0.0.1:9 could not be reached', 'HTTPS_PROXY'),
    },
    {
      operation,
      fault: 'a proxy whose host does not resolve',
      inputs: { [input]: 'service.aliyuncs.com' },
      env: { HTTPS_PROXY: 'http://proxy.invalid:3128' },
      promise: refusedAtOnce('The proxy proxy.invalid:3128 could not be reached', 'ENOTFOUND'),
    },
  ]
  return rows.map((row) => ({ ...row, kind: row.fault }))
}

/** Returns a row for the first call of a step, because its TLS certificate is that of all calls. */
function untrusted(operation: Operation): FaultRow {
  return {
    operation,
    fault: 'an untrusted TLS certificate',
    kind: 'an untrusted TLS certificate',
    env: { NODE_EXTRA_CA_CERTS: '' },
    promise: refusedAtOnce('is not trusted', 'NODE_EXTRA_CA_CERTS'),
  }
}

/** Returns rows for a change whose response does not tell whether it was carried out. */
function openOutcomes(operation: Operation): FaultRow[] {
  const answers: readonly (readonly [title: string, fault: Replacement, ...saying: string[]])[] = [
    ['connection reset before the response', 'reset', 'ECONNRESET'],
    [
      'connection reset in the middle of the body',
      'reset-in-body',
      'closed the connection during its response',
    ],
    ['HTML with HTTP 502', 'html', 'HTTP 502'],
    ['HTML with HTTP 200', 'html-200', 'HTTP 200'],
    ['an empty body', 'empty', 'HTTP 200'],
    ['an empty body with HTTP 500', 'empty-500', 'HTTP 500'],
    ['a truncated body', 'truncated', 'not a JSON object'],
    ['a redirect', 'redirect', 'a redirect, which is not followed'],
    ['InternalError', { code: 'InternalError' }, 'InternalError'],
    ['ServiceUnavailable', { code: 'ServiceUnavailable' }, 'ServiceUnavailable'],
    ['SignatureNonceUsed', { code: 'SignatureNonceUsed' }, 'SignatureNonceUsed'],
    ['an unknown code with HTTP 500', { code: 'NeverHeardOf', status: 500 }, 'NeverHeardOf'],
    ['JSON without a code, with HTTP 500', { status: 500, body: '{}' }, 'without an error code'],
  ]
  return answers.flatMap(([title, fault, ...saying]) => [
    row(operation, `${title}, carried out`, { fault: { commitThen: fault } }, passes(1), {
      kind: 'a change with an invalid response, carried out',
    }),
    row(operation, `${title}, not carried out, once`, { fault }, passes(), {
      kind: 'a change with an invalid response, not carried out, once',
    }),
    row(
      operation,
      `${title}, not carried out`,
      { fault, times: ALWAYS },
      givesUp(...saying, 'After each attempt the service was asked, and did not report'),
      { kind: 'a change with an invalid response, not carried out' },
    ),
  ])
}

/** Returns rows for a change without a response. */
function hangingOutcomes(operation: Operation): FaultRow[] {
  return [
    row(operation, 'no response, carried out', { fault: 'commit-then-hang' }, passes(1), {
      inputs: { timeout: '5' },
      ...HANGS,
    }),
    row(operation, 'no response, not carried out, once', { fault: 'hang' }, passes(), {
      inputs: { timeout: '8' },
      ...HANGS,
    }),
    row(
      operation,
      'no response, not carried out',
      { fault: 'hang', times: ALWAYS },
      givesUp('within', 'After each attempt'),
      { inputs: { timeout: '10' }, ...HANGS },
    ),
    row(operation, 'a body that never ends, carried out', { fault: { commitThen: 'dribble' } }, passes(1), {
      inputs: { timeout: '5' },
      ...HANGS,
    }),
  ]
}

/** Returns rows for a change that the service refuses permanently. */
function serviceRefusals(operation: Operation, codes: Readonly<Record<string, string>>): FaultRow[] {
  return Object.entries(codes).map(([code, saying]) =>
    row(operation, code, { fault: { code }, times: ALWAYS }, refusedAtOnce(code, saying), {
      kind: 'a refusal of a change',
    }),
  )
}

/** Returns rows for throttling: the change was not carried out, so the action retries without verifying. */
function throttled(operation: Operation): FaultRow[] {
  return ['Throttling', 'Throttling.User', 'SystemOverFlow'].flatMap((code) => [
    row(operation, code, { fault: { code }, times: ALWAYS }, givesUp(code), {
      kind: 'a change that is not carried out',
    }),
    row(operation, `${code}, once`, { fault: { code } }, passes(), {
      kind: 'a change that is not carried out, once',
    }),
  ])
}

const badCode = (fault: string, registerCode: string): FaultRow =>
  row(
    'GetRegisterCode',
    fault,
    { fault: { registerCode }, times: ALWAYS },
    givesUp('a register code that contains white space or control characters', 'request ID'),
    { kind: 'an invalid code' },
  )

const MQTT_DENIED = 'mq:GetRegisterCode and mq:MqttInstanceAccess'
const LOOKING_DENIED = 'mq:GetCaCertificate and mq:MqttInstanceAccess'
const STS_DENIED = 'no RAM permission to assume'

export const FAULT_ROWS: readonly FaultRow[] = [
  ...unreachable('GetRegisterCode', 'endpoint'),
  ...brokenAnswers('GetRegisterCode'),
  ...serviceErrors(
    'GetRegisterCode',
    {
      ParameterFieldCheckFailed: 'instance-id',
      MqttInstanceNotFound: 'region-id',
      MqttOwnerCheckError: 'account',
      PermissionCheckFailed: MQTT_DENIED,
      InstancePermissionCheckFailed: MQTT_DENIED,
      NoPermission: MQTT_DENIED,
      'Forbidden.RAM': MQTT_DENIED,
      Forbidden: MQTT_DENIED,
      ApiNotSupport: 'Enterprise Platinum',
      ...SIGNED,
    },
    [...PASSING, 'SystemOverFlow', 'SignatureNonceUsed'],
  ),
  row(
    'GetRegisterCode',
    'a success without a code',
    { fault: 'no-code', times: ALWAYS },
    givesUp('without a register code'),
  ),
  row('GetRegisterCode', 'a success without a code, once', { fault: 'no-code' }, passes()),
  badCode('a code that contains a space', '13274673-8f90 4630'),
  badCode('a code that contains a line break', '13274673-8f90-4630\n'),
  badCode('a code that contains a control character', '13274673-8f90\u00004630'),
  untrusted('GetRegisterCode'),

  ...unreachable('AssumeRole', 'sts-endpoint'),
  untrusted('AssumeRole'),
  ...brokenAnswers('AssumeRole'),
  ...serviceErrors(
    'AssumeRole',
    {
      NoPermission: STS_DENIED,
      'Forbidden.RAM': STS_DENIED,
      'EntityNotExist.Role': 'role-to-assume',
      'InvalidParameter.DurationSeconds': 'role-session-expiration',
      'InvalidParameter.RoleSessionName': 'role-session-name',
      ...SIGNED,
    },
    [...PASSING, 'SignatureNonceUsed'],
  ),
  row(
    'AssumeRole',
    'a success without credentials',
    { fault: 'no-code', times: ALWAYS },
    givesUp('without complete temporary credentials'),
  ),
  row('AssumeRole', 'a success without credentials, once', { fault: 'no-code' }, passes()),

  ...unreachable('AssumeRoleWithOIDC', 'sts-endpoint'),
  ...brokenAnswers('AssumeRoleWithOIDC'),
  ...serviceErrors(
    'AssumeRoleWithOIDC',
    {
      'AuthenticationFail.NoPermission': 'subject "repo:',
      'AuthenticationFail.OIDCToken.AudienceNotMatch': 'client IDs',
      'AuthenticationFail.OIDCToken.Expired': 'expired',
      'AuthenticationFail.OIDCToken.Invalid': 'issuer URL',
      'EntityNotExist.Role': 'role-to-assume',
      'InvalidParameter.DurationSeconds': 'role-session-expiration',
      'InvalidParameter.RoleSessionName': 'role-session-name',
    },
    PASSING,
  ),
  row(
    'AssumeRoleWithOIDC',
    'a success without credentials',
    { fault: 'no-code', times: ALWAYS },
    givesUp('without complete temporary credentials'),
  ),
  row('AssumeRoleWithOIDC', 'a success without credentials, once', { fault: 'no-code' }, passes()),

  ...unreachable('DescribeKey', 'kms-endpoint'),
  untrusted('DescribeKey'),
  ...brokenAnswers('DescribeKey'),
  ...brokenAnswers('AsymmetricSign'),
  ...KMS_OPERATIONS.flatMap((operation) => [
    ...serviceErrors(
      operation,
      {
        'Forbidden.KeyNotFound': 'kms-key-id',
        'Forbidden.NoPermission': `kms:${operation} on acs:kms:`,
        'Rejected.Disabled': 'Enable it',
        'Rejected.PendingDeletion': 'Cancel the deletion',
        'Rejected.PendingImport': 'must be Enabled',
        InvalidParameter: 'kms-key-version-id',
        UnsupportedOperation: 'Internet access',
        SignatureDoesNotMatch: 'secret',
      },
      ['InternalFailure', 'ServiceUnavailableTemporary', 'Rejected.Throttling', 'Throttling.User'],
    ),
    row(
      operation,
      'a success without its content',
      { fault: { status: 200, body: '{"RequestId":"1"}' }, times: ALWAYS },
      givesUp('responded without'),
    ),
  ]),

  ...brokenAnswers('GitHubIdToken'),
  ...[401, 403, 404].map((status) =>
    row(
      'GitHubIdToken',
      `HTTP ${status}`,
      { fault: { status, body: '{"message":"No."}' }, times: ALWAYS },
      refusedAtOnce(`HTTP ${status}: No`, 'id-token: write'),
      { kind: 'no permission for a token' },
    ),
  ),
  ...[429, 500, 503].flatMap((status) => [
    row(
      'GitHubIdToken',
      `HTTP ${status}`,
      { fault: { status, body: '{"message":"No."}' }, times: ALWAYS },
      givesUp(`HTTP ${status}: No`, GITHUB),
      { kind: 'a temporary failure to get a token' },
    ),
    row('GitHubIdToken', `HTTP ${status}, once`, { fault: { status, body: '{}' } }, passes(), {
      kind: 'a temporary failure to get a token, once',
    }),
  ]),
  row(
    'GitHubIdToken',
    'a success without a token',
    { fault: 'no-code', times: ALWAYS },
    givesUp('without a token', GITHUB),
  ),
  row('GitHubIdToken', 'a success without a token, once', { fault: 'no-code' }, passes()),
  {
    operation: 'GitHubIdToken',
    fault: 'a host that does not resolve',
    kind: 'a host of GitHub that does not resolve',
    env: { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://nowhere.invalid/token?api-version=2.0' },
    promise: refusedAtOnce('GitHub gave no OIDC token: nowhere.invalid does not resolve', GITHUB),
  },
  untrusted('GitHubIdToken'),
  {
    operation: 'GitHubIdToken',
    fault: 'an unreachable proxy',
    kind: 'an unreachable proxy to GitHub',
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/token?api-version=2.0',
      HTTPS_PROXY: 'http://user:word@127.0.0.1:9',
    },
    promise: givesUp('GitHub gave no OIDC token: The proxy 127.0.0.1:9 could not be reached', 'HTTPS_PROXY'),
  },
  {
    operation: 'GitHubIdToken',
    fault: 'no permission to ask for a token',
    kind: 'no permission to ask for a token',
    env: { ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' },
    promise: refusedAtOnce("This job has no permission to request GitHub's OIDC token", 'id-token: write'),
  },

  ...unreachable('GetCaCertificate', 'endpoint'),
  ...brokenAnswers('GetCaCertificate'),
  ...serviceErrors(
    'GetCaCertificate',
    {
      MqttInstanceNotFound: 'region-id',
      MqttOwnerCheckError: 'account',
      PermissionCheckFailed: LOOKING_DENIED,
      NoPermission: LOOKING_DENIED,
      ApiNotSupport: 'Enterprise Platinum',
      ...SIGNED,
    },
    [...PASSING, 'SystemOverFlow', 'SignatureNonceUsed'],
  ),
  ...['FindCaBySnError', 'ParameterFieldCheckFailed'].map((code) =>
    row(
      'GetCaCertificate',
      `${code}: the CA does not exist and is registered`,
      { fault: { code } },
      passes(1),
      {
        kind: 'the CA does not exist and is registered',
      },
    ),
  ),
  row(
    'GetCaCertificate',
    'a success without a CA: the CA does not exist and is registered',
    { fault: 'no-code' },
    passes(1),
  ),
  row(
    'GetCaCertificate',
    'a CA without a serial number',
    { fault: { status: 200, body: '{"Data":{"Status":"1"}}' }, times: ALWAYS },
    givesUp('a CA without serial number, content or status'),
  ),

  ...openOutcomes('RegisterCaCertificate'),
  ...hangingOutcomes('RegisterCaCertificate'),
  row(
    'RegisterCaCertificate',
    'a success without a serial number, carried out',
    { fault: { commitThen: 'no-code' } },
    passes(1),
  ),
  ...serviceRefusals('RegisterCaCertificate', {
    ParameterFieldCheckFailed: 'ca-name',
    MqttInstanceNotFound: 'region-id',
    NoPermission: 'mq:RegisterCa and mq:MqttInstanceAccess',
    CertificateContentError: 'CA:TRUE',
    CaNumExceed: 'maximum number of CAs',
    SnNotUnique: 'another serial number',
    SignatureDoesNotMatch: 'secret',
  }),
  ...['RegisterCodeError', 'RegisterCodeUsed'].flatMap((code) => [
    row('RegisterCaCertificate', code, { fault: { code }, times: ALWAYS }, givesUp(code), {
      kind: 'a refused code',
    }),
    row('RegisterCaCertificate', `${code}, once: a new code is used`, { fault: { code } }, passes(), {
      kind: 'a refused code, once',
    }),
  ]),
  ...throttled('RegisterCaCertificate'),

  ...openOutcomes('InactivateCaCertificate'),
  ...hangingOutcomes('InactivateCaCertificate'),
  ...serviceRefusals('InactivateCaCertificate', {
    NoPermission: 'mq:UnregisterCaCertificate and mq:MqttInstanceAccess',
    MqttOwnerCheckError: 'is registered and active, but deactivating its predecessor',
  }),
  ...throttled('InactivateCaCertificate'),

  ...openOutcomes('DeleteCaCertificate'),
  ...serviceRefusals('DeleteCaCertificate', {
    NoPermission: 'mq:DeleteCaCertificate and mq:MqttInstanceAccess',
    MqttOwnerCheckError: 'is registered and active, but deleting its predecessor',
  }),
  ...throttled('DeleteCaCertificate'),

  ...brokenAnswers('GetDeviceCertificate'),
  ...(['GetDeviceCertificate', 'ListDeviceCertificateByCaSn'] as const).flatMap((operation) =>
    serviceErrors(
      operation,
      {
        MqttInstanceNotFound: 'region-id',
        ParameterFieldCheckFailed: 'instance-id',
        FindCaBySnError: 'whether the CA was deleted',
        NoPermission: `mq:${operation} and mq:MqttInstanceAccess`,
        SignatureDoesNotMatch: 'secret',
      },
      [...PASSING, 'SystemOverFlow', 'SignatureNonceUsed'],
    ),
  ),
  row(
    'GetDeviceCertificate',
    'a device certificate without a serial number',
    { fault: { status: 200, body: '{"Data":{"Status":"1"}}' }, times: ALWAYS },
    givesUp('a device certificate without serial number, CA or status'),
  ),
  row(
    'GetDeviceCertificate',
    'another device certificate',
    { fault: { status: 200, body: '{"Data":{"CaSn":"0a","DeviceSn":"7f","Status":"1"}}' }, times: ALWAYS },
    givesUp('another device certificate than the requested one'),
  ),
  row(
    'ListDeviceCertificateByCaSn',
    'a success without a list',
    { fault: { status: 200, body: '{"Data":{}}' }, times: ALWAYS },
    givesUp('without a list of device certificates'),
  ),
  ...INVENTORY_OPERATIONS.flatMap((operation) => [
    ...brokenAnswers(operation),
    ...serviceErrors(
      operation,
      {
        MqttInstanceNotFound: 'region-id',
        ParameterFieldCheckFailed: 'instance-id',
        NoPermission: `mq:${operation} and mq:MqttInstanceAccess`,
        SignatureDoesNotMatch: 'secret',
      },
      [...PASSING, 'SystemOverFlow', 'SignatureNonceUsed'],
    ),
    row(
      operation,
      'a success without a list',
      { fault: { status: 200, body: '{"Data":{}}' }, times: ALWAYS },
      givesUp(`without a list of ${operation === 'ListCaCertificate' ? 'CAs' : 'device certificates'}`),
    ),
  ]),
  row(
    'ListDeviceCertificate',
    'a device certificate without its CA',
    {
      fault: { status: 200, body: '{"Data":{"DeviceCertificateVOS":[{"DeviceSn":"7f","Status":"1"}]}}' },
      times: ALWAYS,
    },
    givesUp('a device certificate without serial number, CA or status'),
  ),
  ...hangingOutcomes('InactivateDeviceCertificate'),
  ...Object.entries({
    ActiveDeviceCertificate: 'mq:ActiveDeviceCertificate',
    InactivateDeviceCertificate: 'mq:UnregisterDeviceCertificate',
    DeleteDeviceCertificate: 'mq:DeleteDeviceCertificate',
    ActiveCaCertificate: 'mq:ActiveCaCertificate',
  } as const).flatMap(([name, ramAction]) => {
    const operation = name as StatusOperation
    return [
      ...openOutcomes(operation),
      ...serviceRefusals(operation, {
        NoPermission: `${ramAction} and mq:MqttInstanceAccess`,
        MqttOwnerCheckError: 'account',
        ParameterFieldCheckFailed: 'instance-id',
      }),
      ...throttled(operation),
    ]
  }),
]
