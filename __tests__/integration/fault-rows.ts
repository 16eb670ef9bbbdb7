import type { FaultOrder } from '../../emulator/faults.ts'

/** A fault, and what is promised to happen then. `docs/faults.md` is made of these rows. */
export type FaultRow = {
  readonly operation: Operation
  /** What goes wrong, for the reader. */
  readonly fault: string
  /** What the emulator is told to do. */
  readonly orders?: readonly Omit<FaultOrder, 'operation'>[]
  /** What the step is given besides the inputs that work. */
  readonly inputs?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
  readonly promise: Outcome
}

export type Operation = 'GetRegisterCode'

type Outcome =
  | { readonly succeedsAtAttempt: number }
  | { readonly failsAfterAttempts: number; readonly saying: readonly string[] }

const ALWAYS = 'always'
/** Attempts of a step in these tests; users have 5. */
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
  inputs?: Record<string, string>,
): FaultRow {
  return { operation, fault, orders: [order], promise, ...(inputs && { inputs }) }
}

const WRONG_PLACE = 'endpoint, region-id or network is wrong'

/** What every operation that changes nothing does about an answer that is no answer. */
function brokenAnswers(operation: Operation): FaultRow[] {
  return [
    row(
      operation,
      'connection reset before the answer',
      { fault: 'reset', times: ALWAYS },
      givesUp('ECONNRESET', WRONG_PLACE),
    ),
    row(operation, 'connection reset once', { fault: 'reset' }, passes()),
    row(operation, 'connection reset twice', { fault: 'reset', times: 2 }, passes(3)),
    row(
      operation,
      'connection reset in the middle of the body',
      { fault: 'reset-in-body', times: ALWAYS },
      givesUp('broke off its answer'),
    ),
    row(operation, 'connection reset in the middle of the body, once', { fault: 'reset-in-body' }, passes()),
    row(
      operation,
      'no answer at all',
      { fault: 'hang', times: ALWAYS },
      refusedAtOnce('did not answer in time'),
      { timeout: '2' },
    ),
    row(operation, 'no answer at all, once', { fault: 'hang' }, passes()),
    row(
      operation,
      'a body that dribbles for ever',
      { fault: 'dribble', times: ALWAYS },
      refusedAtOnce('did not finish its answer in time'),
      { timeout: '2' },
    ),
    row(operation, 'an answer that is late, but in time', { fault: { delayMs: 1000 } }, passes(1)),
    row(
      operation,
      'HTML with HTTP 502',
      { fault: 'html', times: ALWAYS },
      givesUp('HTTP 502', 'text/html', WRONG_PLACE),
    ),
    row(operation, 'HTML with HTTP 502, once', { fault: 'html' }, passes()),
    row(
      operation,
      'HTML with HTTP 200',
      { fault: 'html-200', times: ALWAYS },
      givesUp('HTTP 200', 'text/html'),
    ),
    row(
      operation,
      'an empty body',
      { fault: 'empty', times: ALWAYS },
      givesUp('HTTP 200', 'not the JSON of the service'),
    ),
    row(
      operation,
      'an empty body with HTTP 500',
      { fault: 'empty-500', times: ALWAYS },
      givesUp('HTTP 500', 'not the JSON of the service'),
    ),
    row(
      operation,
      'a truncated body',
      { fault: 'truncated', times: ALWAYS },
      givesUp('not the JSON of the service'),
    ),
    row(operation, 'a truncated body, once', { fault: 'truncated' }, passes()),
    row(operation, 'the right answer as text/plain', { fault: 'wrong-content-type' }, passes(1)),
    row(operation, 'a body of 256 MiB', { fault: 'large-body', times: ALWAYS }, givesUp('more than 1 MiB')),
    row(
      operation,
      'the JSON null',
      { fault: 'null-body', times: ALWAYS },
      givesUp('not the JSON of the service'),
    ),
    row(
      operation,
      'a JSON list',
      { fault: 'array-body', times: ALWAYS },
      givesUp('not the JSON of the service'),
    ),
    row(
      operation,
      'a redirect',
      { fault: 'redirect', times: ALWAYS },
      givesUp('HTTP 302', 'a redirect, which is not followed'),
    ),
  ]
}

/** Codes of the service that are the same for every operation. */
function documentedErrors(operation: Operation): FaultRow[] {
  const error = (code: string, ...saying: string[]): FaultRow =>
    row(operation, code, { fault: { code }, times: ALWAYS }, refusedAtOnce(code, ...saying))
  const passing = (code: string): FaultRow[] => [
    row(operation, code, { fault: { code }, times: ALWAYS }, givesUp(code)),
    row(operation, `${code}, once`, { fault: { code } }, passes()),
  ]
  return [
    error('ParameterFieldCheckFailed', 'instance-id'),
    error('MqttInstanceNotFound', 'region-id'),
    error('MqttOwnerCheckError', 'account'),
    error('PermissionCheckFailed', 'mq:MqttInstanceAccess'),
    error('InstancePermissionCheckFailed', 'mq:MqttInstanceAccess'),
    error('ApiNotSupport', 'Enterprise Platinum'),
    error('InvalidAccessKeyId.NotFound', 'access-key-id'),
    error('InvalidAccessKeyId.Inactive', 'RAM'),
    error('SignatureDoesNotMatch', 'secret'),
    error('IncompleteSignature', 'secret'),
    error('InvalidTimeStamp.Expired', 'clock'),
    error('InvalidTimeStamp.Format', 'clock'),
    error('InvalidSecurityToken.Expired', 'expired'),
    error('InvalidSecurityToken.Malformed', 'security-token'),
    error('NoPermission', 'mq:MqttInstanceAccess'),
    error('Forbidden.RAM', 'mq:MqttInstanceAccess'),
    error('Forbidden', 'mq:MqttInstanceAccess'),
    ...passing('InternalError'),
    ...passing('SystemOverFlow'),
    ...passing('ServiceUnavailable'),
    ...passing('Throttling'),
    ...passing('Throttling.User'),
    ...passing('Throttling.Api'),
    ...passing('SignatureNonceUsed'),
    row(
      operation,
      'an unknown code with HTTP 400',
      { fault: { code: 'NeverHeardOf', status: 400, message: 'What?' }, times: ALWAYS },
      refusedAtOnce('NeverHeardOf: What?'),
    ),
    row(
      operation,
      'an unknown code with HTTP 500',
      { fault: { code: 'NeverHeardOf', status: 500, message: 'What?' }, times: ALWAYS },
      givesUp('NeverHeardOf: What?'),
    ),
    row(
      operation,
      'an unknown code with HTTP 503, once',
      { fault: { code: 'NeverHeardOf', status: 503, message: 'What?' } },
      passes(),
    ),
    row(
      operation,
      'JSON without a code, with HTTP 500',
      { fault: { status: 500, body: '{}' }, times: ALWAYS },
      givesUp('HTTP 500 without an error code'),
    ),
  ]
}

const badCode = (fault: string, registerCode: string): FaultRow =>
  row(
    'GetRegisterCode',
    fault,
    { fault: { registerCode }, times: ALWAYS },
    givesUp('a register code with white space or control characters in it', 'request id'),
  )

export const FAULT_ROWS: readonly FaultRow[] = [
  {
    operation: 'GetRegisterCode',
    fault: 'a host that does not resolve',
    inputs: { endpoint: 'nowhere.invalid' },
    promise: refusedAtOnce('nowhere.invalid does not resolve', WRONG_PLACE),
  },
  {
    operation: 'GetRegisterCode',
    fault: 'a port on which nobody listens',
    inputs: { endpoint: '127.0.0.1:9' },
    promise: givesUp('127.0.0.1:9 refused the connection', WRONG_PLACE),
  },
  {
    operation: 'GetRegisterCode',
    fault: 'a certificate that is not trusted',
    env: { NODE_EXTRA_CA_CERTS: '' },
    promise: refusedAtOnce('is not trusted', 'NODE_EXTRA_CA_CERTS'),
  },
  ...brokenAnswers('GetRegisterCode'),
  ...documentedErrors('GetRegisterCode'),
  row(
    'GetRegisterCode',
    'a success without a code',
    { fault: 'no-code', times: ALWAYS },
    givesUp('without a register code'),
  ),
  row('GetRegisterCode', 'a success without a code, once', { fault: 'no-code' }, passes()),
  badCode('a code with a space in it', '13274673-8f90 4630'),
  badCode('a code with a line end in it', '13274673-8f90-4630\n'),
  badCode('a code with a control character in it', '13274673-8f90\u00004630'),
]
