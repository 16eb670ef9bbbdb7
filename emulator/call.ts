import type { IncomingMessage } from 'node:http'
import { ServiceError } from './errors.ts'
import { decodeParameters, type Parameters } from './parameters.ts'

/** A call of an operation, as it came over the wire. */
export type Call = {
  readonly method: string
  readonly path: string
  /** The name that the client called us by, without the port. */
  readonly host: string
  /** Values of each header by its lower-case name, in the order they came. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: Buffer
  /** Empty when the call names none. */
  readonly operation: string
  readonly version: string
  readonly query: Parameters
  /** Of the query and, with a form body, of the body too. */
  readonly parameters: Parameters
  /** What keeps the parameters from being read; thrown where calls are refused, so that it is answered as any refusal. */
  readonly broken: ServiceError | undefined
}

export function readCall(request: IncomingMessage, body: Buffer): Call {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const rawQuery = mark === -1 ? '' : url.slice(mark + 1)
  const headers = request.headersDistinct
  const { query, parameters, broken } = readParameters(rawQuery, isForm(headers) ? body.toString('utf8') : '')
  return {
    method: request.method ?? 'GET',
    path: mark === -1 ? url : url.slice(0, mark),
    host: hostName(request.headers.host ?? ''),
    headers,
    body,
    operation: header(headers, 'x-acs-action') ?? parameters.get('Action') ?? '',
    version: header(headers, 'x-acs-version') ?? parameters.get('Version') ?? '',
    query,
    parameters,
    broken,
  }
}

/** The first value of a header. */
export function header(headers: Call['headers'], name: string): string | undefined {
  return headers[name]?.[0]
}

function readParameters(rawQuery: string, form: string): Pick<Call, 'query' | 'parameters' | 'broken'> {
  try {
    return {
      query: decodeParameters(rawQuery),
      parameters: decodeParameters(form === '' ? rawQuery : `${rawQuery}&${form}`),
      broken: undefined,
    }
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error
    return { query: new Map(), parameters: new Map(), broken: error }
  }
}

function isForm(headers: Call['headers']): boolean {
  return (
    header(headers, 'content-type')?.toLowerCase().startsWith('application/x-www-form-urlencoded') ?? false
  )
}

function hostName(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}
