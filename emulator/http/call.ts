import type { IncomingMessage } from 'node:http'

/** Decoded parameters by name. */
export type Parameters = ReadonlyMap<string, string>

/** A call of an operation, as received over the network. */
export type Call = {
  readonly method: string
  readonly path: string
  /** The host name that the client used, without the port. */
  readonly host: string
  /** The values of each header by its lower-case name, in the order received. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: Buffer
  /** Empty if the call names none. */
  readonly operation: string
  readonly version: string
  readonly query: Parameters
  /** The parameters of the query and of a form body together. */
  readonly parameters: Parameters
  /** Why the parameters cannot be read; `undefined` if they can. */
  readonly unreadable: string | undefined
}

export function readCall(request: IncomingMessage, body: Buffer): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1)
  const headers = request.headersDistinct
  const read = readParameters(rawQuery, isForm(headers) ? body.toString('utf8') : '')
  return {
    method: request.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    host: (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
    headers,
    body,
    operation: header(headers, 'x-acs-action') ?? read.parameters.get('Action') ?? '',
    version: header(headers, 'x-acs-version') ?? read.parameters.get('Version') ?? '',
    ...read,
  }
}

/** Returns the first value of a header. */
export function header(headers: Call['headers'], name: string): string | undefined {
  return headers[name]?.[0]
}

/** Parts of a name such as `onsmqtt.cn-hangzhou.aliyuncs.com`; both `undefined` for a name of another kind. */
export function serviceName(host: string): { readonly product?: string; readonly regionId?: string } {
  const { product, regionId } =
    /^(?<product>[^.]+?)(?:-vpc)?(?:\.(?<regionId>[^.]+))?\.aliyuncs\.com$/.exec(host)?.groups ?? {}
  return { ...(product !== undefined && { product }), ...(regionId !== undefined && { regionId }) }
}

function isForm(headers: Call['headers']): boolean {
  const type = header(headers, 'content-type')?.toLowerCase()
  return type?.startsWith('application/x-www-form-urlencoded') ?? false
}

class UnreadableError extends Error {}

function readParameters(rawQuery: string, form: string): Pick<Call, 'query' | 'parameters' | 'unreadable'> {
  try {
    const parameters = decodeParameters(form === '' ? rawQuery : `${rawQuery}&${form}`)
    return { query: decodeParameters(rawQuery), parameters, unreadable: undefined }
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error
    return { query: new Map(), parameters: new Map(), unreadable: error.message }
  }
}

/**
 * Decodes `a=1&b=2` of a URL or a form body. `+` is a space, because Alibaba Cloud's Go SDK sends it.
 *
 * @throws UnreadableError for a broken escape or a repeated name: a signature over either is ambiguous
 */
function decodeParameters(encoded: string): Parameters {
  const parameters = new Map<string, string>()
  for (const pair of encoded.split('&').filter((text) => text !== '')) {
    const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(pair)?.map(decode) ?? []
    if (parameters.has(name)) throw new UnreadableError(`The parameter ${name} is given twice.`)
    parameters.set(name, value)
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new UnreadableError('The request holds a broken percent escape.')
  }
}
