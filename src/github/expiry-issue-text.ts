import { createHash } from 'node:crypto'
import { runUrl } from './context.ts'

/**
 * A row of the issue: an active certificate that has expired or expires soon, or whose dates cannot be read, or one of
 * unknown status.
 */
export type ExpiringCertificate = {
  readonly kind: 'CA' | 'device'
  /** The name of the CA or of the device. */
  readonly name: string
  readonly serialNumber: string
  readonly caSerialNumber: string
  /** ISO 8601 in UTC, or words if it cannot be read. */
  readonly validEnd: string
  /** In words, for example `expires in 12 days`. */
  readonly status: string
}

/** How many certificates need attention. */
export type Counts = Readonly<Record<'expired' | 'expiring' | 'unreadable' | 'unknown', number>>

/** What an issue is about. */
export type Expiry = {
  readonly instanceId: string
  readonly regionId: string | undefined
  readonly expiresWithinDays: number
  /** The first 2,000 or more, soonest first. */
  readonly certificates: readonly ExpiringCertificate[]
  /** How many there are, also those that are not in `certificates`. */
  readonly counts: Counts
}

/**
 * Shows a text from others in a code span of HTML, in which nothing is a mention, a link or a tag: at most about 100
 * characters, on one line, and without secrets.
 */
export type CodeSpan = (text: string) => string

/** GitHub's limits are 65,536 and 256 characters. */
const MAX_BODY = 65_000
const MAX_TITLE = 256
const MAX_ROWS = 100
const MAX_FINGERPRINTS = 2000
const FINGERPRINT_LENGTH = 8

/** The start of the hidden line by which an issue is found. It ends with the fingerprints. */
export function markerOf({ regionId = '', instanceId }: Pick<Expiry, 'regionId' | 'instanceId'>): string {
  // Encoded, so that they cannot end the comment.
  const [region, instance] = [regionId, instanceId].map((id) => encodeURIComponent(id.toWellFormed()))
  return `<!-- apsaramq-mqtt-expiry region=${region} instance=${instance} certificates=`
}

/** Returns the certificates in the order in which they are kept: with a CA, all its devices stop. */
function casFirst(certificates: readonly ExpiringCertificate[]): readonly ExpiringCertificate[] {
  return certificates.toSorted((one, other) => Number(other.kind === 'CA') - Number(one.kind === 'CA'))
}

/** Returns a short hash of each certificate, of at most 2,000. */
export function fingerprintsOf(certificates: readonly ExpiringCertificate[]): string[] {
  return casFirst(certificates)
    .slice(0, MAX_FINGERPRINTS)
    .map(({ kind, caSerialNumber, serialNumber }) =>
      createHash('sha256')
        .update(JSON.stringify([kind, caSerialNumber, serialNumber]))
        .digest('hex')
        .slice(0, FINGERPRINT_LENGTH),
    )
}

/** Returns the fingerprints in the text of an issue; `undefined` if the issue has another marker, or none. */
export function fingerprintsIn(body: string, marker: string): string[] | undefined {
  const start = body.indexOf(marker)
  if (start === -1) return undefined
  const [all = ''] = /^[\da-f]*/.exec(body.slice(start + marker.length)) ?? []
  return all.match(new RegExp(`.{${FINGERPRINT_LENGTH}}`, 'g')) ?? []
}

/** Returns the title of a new issue. Later runs do not change it, so that people can. */
export function titleOf({ instanceId, regionId }: Expiry): string {
  const region = regionId === undefined ? '' : ` in ${regionId}`
  return `Certificates expire: ApsaraMQ for MQTT instance ${instanceId}${region}`.slice(0, MAX_TITLE)
}

/** Returns the text of the issue. What others can set stands in blocks of HTML, inside which Markdown has no meaning. */
export function bodyOf(expiry: Expiry, env: NodeJS.ProcessEnv, code: CodeSpan): string {
  const { certificates, counts, expiresWithinDays, instanceId, regionId } = expiry
  const run = runUrl(env)
  const place = `instance ${code(instanceId)}${regionId === undefined ? '' : ` in ${code(regionId)}`}`
  const end = `${markerOf(expiry)}${fingerprintsOf(certificates).join('')} -->\n`
  const by = run === undefined ? 'a workflow' : `[a workflow run](${run})`
  if (certificates.length === 0) {
    const none = `<p>No active certificate of ${place} has expired or expires within ${expiresWithinDays} days.</p>`
    return `${none}\n\nClosed by ${by}. The issue is opened again when a certificate expires.\n\n${end}`
  }
  const facts = [
    `${counts.expired} expired`,
    `${counts.expiring} expire within ${expiresWithinDays} days`,
    ...(counts.unreadable === 0 ? [] : [`${counts.unreadable} have dates that cannot be read`]),
    ...(counts.unknown === 0 ? [] : [`${counts.unknown} of unknown status`]),
  ]
  const which =
    counts.unknown === 0
      ? `Active certificates of ${place}`
      : `Certificates of ${place} that are not inactive`
  const start = `<p>${which}: ${facts.join(', ')}.</p>\n\n`
  const note =
    `Updated by ${by}, which overwrites changes to this text, and closes the issue when nothing expires. If you close it, ` +
    'it is opened again when another certificate expires.\n\n'
  const all = counts.expired + counts.expiring + counts.unreadable + counts.unknown
  const more = (shown: number): string =>
    shown < all ? `And ${all - shown} more, in the report of the run.\n\n` : ''

  const head = ['Certificate', 'Name', 'Serial number', 'CA', 'Valid to', 'Status']
  const open = `<table>\n<tr>${head.map((name) => `<th align="left">${name}</th>`).join('')}</tr>\n`
  const close = '</table>\n\n'
  let left = MAX_BODY - [start, open, close, more(0), note, end].join('').length
  const rows = new Map<ExpiringCertificate, string>()
  for (const certificate of casFirst(certificates).slice(0, MAX_ROWS)) {
    const row = rowOf(certificate, code)
    left -= row.length
    if (left < 0) break
    rows.set(certificate, row)
  }
  const shown = certificates.map((certificate) => rows.get(certificate) ?? '')
  return [start, open, ...shown, close, more(rows.size), note, end].join('')
}

function rowOf(
  { kind, name, serialNumber, caSerialNumber, validEnd, status }: ExpiringCertificate,
  code: CodeSpan,
): string {
  const ca = kind === 'CA' ? '' : code(caSerialNumber)
  const cells = [kind, code(name), code(serialNumber), ca, code(validEnd), code(status)]
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\n`
}
