import type { ApiResponse } from '../alibaba-cloud/client.ts'
import { AttemptError, type Refusal } from '../attempts/failures.ts'
import { messageIn, requestIdIn, textIn } from '../attempts/response.ts'

/** A certificate as the service reports it: a CA, or a device certificate. */
export type Registered = {
  /** Its serial number in the service's own spelling, which other calls need. */
  readonly sn: string
  readonly name: string
  readonly isActive: boolean
  /** Unix milliseconds; `undefined` if it cannot be read. */
  readonly validBegin: number | undefined
  readonly validEnd: number | undefined
}

/** The same as a list shows it, in which a certificate can be odd. */
export type Listed = Omit<Registered, 'isActive'> & {
  /** `undefined` if its status is neither active nor inactive. */
  readonly isActive: boolean | undefined
}

/** What identifies a certificate, in the service's own spelling. A device certificate also needs its CA. */
export type Identity = { readonly sn: string }

/**
 * A kind of certificates that an instance keeps. Its operations differ in their names and fields only: `Own` are those
 * that other kinds do not have.
 */
export type Kind<Own, Id extends Identity> = {
  /** In words, such as `CA`. */
  readonly noun: string
  /** The end of the names of its operations and RAM actions, such as `CaCertificate` in `GetCaCertificate`. */
  readonly operations: string
  readonly fields: {
    readonly sn: string
    readonly name: string
    readonly list: string
    /** The serial numbers that identify one. */
    readonly identity: readonly string[]
    /** What it must have, too, unless it is only shown. */
    readonly content: readonly string[]
  }
  /** The parameters that identify one. */
  readonly query: (id: Id) => Readonly<Record<string, string>>
  /** Reads the fields that other kinds do not have. */
  readonly read: (fields: Readonly<Record<string, unknown>>) => Own
  /** The fields that it must have, for the error. */
  readonly complete: string
  /** The documented error for one that is not there. */
  readonly notFound: string
  /** Whether an error means that there is none. Any other stays an error. */
  readonly meansNotFound: (refusal: Refusal) => boolean
  /** Whether nobody can use one that is not there. */
  readonly isInactiveWhenGone: boolean
}

/** A certificate in a response. */
export type Entry = {
  readonly fields: Readonly<Record<string, unknown>>
  readonly response: ApiResponse
  /** Where it is in a list. */
  readonly place?: string
}

export function readWhole<Own, Id extends Identity>(kind: Kind<Own, Id>, entry: Entry): Registered & Own {
  const listed = readListed(kind, entry)
  const { isActive } = listed
  if (isActive === undefined) throw incomplete(kind, entry, 'Status')
  const missing = kind.fields.content.find((key) => textIn(entry.fields, key) === undefined)
  if (missing !== undefined) throw incomplete(kind, entry, missing)
  return { ...listed, isActive }
}

export function readListed<Own, Id extends Identity>(kind: Kind<Own, Id>, entry: Entry): Listed & Own {
  const { fields } = entry
  const { sn, name, identity } = kind.fields
  const missing = identity.find((key) => !isSerialNumber(textIn(fields, key) ?? ''))
  if (missing !== undefined) throw incomplete(kind, entry, missing)
  // Documented as a string; a number would mean the same.
  const status = String(fields['Status'])
  return {
    sn: textIn(fields, sn) ?? '',
    name: messageIn(fields, name),
    isActive: /^[01]$/.test(status) ? status === '1' : undefined,
    validBegin: timeIn(fields, 'ValidBegin'),
    validEnd: timeIn(fields, 'ValidEnd'),
    ...kind.read(fields),
  }
}

/** Names the field, and not what the service said there, which can be anything. */
function incomplete(
  { noun, complete }: Pick<Kind<unknown, Identity>, 'noun' | 'complete'>,
  { response, place }: Entry,
  field: string,
): AttemptError {
  const where = place === undefined ? '' : `: ${place} has no valid ${field}`
  return brokenResponse(`responded with a ${noun} without ${complete}${where}`, response)
}

/** Whether a text is a serial number as the service may spell it. It becomes a part of requests and outputs. */
function isSerialNumber(text: string): boolean {
  return /^-?[\da-f]{1,300}$/i.test(text)
}

/** Unix milliseconds, as text; a number would mean the same. */
function timeIn(fields: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const text = String(fields[key])
  return /^-?\d{1,16}$/.test(text) && !Number.isNaN(new Date(Number(text)).getTime())
    ? Number(text)
    : undefined
}

export function brokenResponse(what: string, response: ApiResponse): AttemptError {
  return new AttemptError({ kind: 'broken-response', what, requestId: requestIdIn(response) })
}
