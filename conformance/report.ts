import { cleanForeign } from '../src/runner/masking.ts'
import type { Part, Source } from './entry.ts'
import type { Outcome, Result } from './run.ts'

/** What was measured, for the head of a report. Nothing in it names the user. */
export type Measured = {
  readonly version: string
  readonly date: Date
  readonly regionId: string | undefined
  readonly endpoint: 'the default one' | 'another one'
  readonly accessKey: 'permanent' | 'temporary'
  readonly instanceId: string
  readonly secondInstanceId: string | undefined
  /** Values that must not be in a report, such as the access key ID. */
  readonly secrets: readonly string[]
}

type Row = {
  readonly part: string
  readonly id: string
  readonly statement: string
  readonly source: string
  /** Whether there is a check. */
  readonly checked: boolean
  readonly outcome: Outcome
  readonly detail: string
}

/** Makes the report as Markdown and JSON, without any secret, code, key or account number. */
export function makeReport(
  results: readonly Result[],
  measured: Measured,
): { readonly markdown: string; readonly json: string } {
  const rows = results.map(({ entry, part, outcome, detail }): Row => ({
    part,
    id: entry.id,
    statement: entry.statement,
    source: entry.source.words,
    checked: 'check' in entry,
    outcome,
    detail: withoutSecrets(detail, measured.secrets),
  }))
  const head = {
    version: measured.version,
    date: measured.date.toISOString(),
    region: measured.regionId ?? 'not given',
    endpoint: measured.endpoint,
    'access key': measured.accessKey,
    instance: maskedInstance(measured.instanceId),
    'second instance':
      measured.secondInstanceId === undefined ? 'none' : maskedInstance(measured.secondInstanceId),
    ...countsOf(rows),
  }
  return { markdown: markdown(head, rows), json: `${JSON.stringify({ ...head, entries: rows }, null, 2)}\n` }
}

/** Counts the outcomes. */
export function countsOf(rows: readonly { readonly outcome: Outcome }[]): Record<Outcome, number> {
  const count = (wanted: Outcome) => rows.filter(({ outcome }) => outcome === wanted).length
  return {
    'as assumed': count('as assumed'),
    different: count('different'),
    'not reached': count('not reached'),
  }
}

/** Shows the first characters of an instance ID, which name its kind and region, and stars. */
export function maskedInstance(id: string): string {
  const shown = 'post-cn-'.length
  return `${id.slice(0, shown)}${'*'.repeat(Math.max(3, id.length - shown))}`
}

const HIDDEN = '***'
/** Kept, because Alibaba Cloud's support needs it. It tells nobody else anything. */
const REQUEST_ID = /[\dA-Fa-f]{8}(?:-[\dA-Fa-f]{4}){3}-[\dA-Fa-f]{12}/
const KEPT = new RegExp(`\\brequest ${REQUEST_ID.source}(?![\\w-])`)

/**
 * What can name an account, a key, a CA or a person, in the order of replacement: certificates, ARNs, access key IDs,
 * codes and UUIDs, e-mail addresses, instances, long numbers and hex.
 */
const IDENTIFYING = [
  /-----BEGIN[^]*/g,
  /acs:[\w*]*:[^\s"',;]*/g,
  /\b(?:LTAI|STS\.)\w+/g,
  new RegExp(`${REQUEST_ID.source}\\w*`, 'g'),
  /[\w.+-]+@[\w.-]+/g,
  /\b(?:post|mqtt)-[a-z]+-\w+/g,
  /\d{9,}/g,
  /(?:[\da-fA-F]{2}:?){8,}/g,
]

/** Can be a key or a token, unless it is made of words like `CertificateContentError`. */
const LONG = /[\w+/=-]{20,}/g

function unlessWords(text: string): string {
  const capitals = text.replace(/[^A-Z]/g, '').length
  return /^[a-z-]+$/i.test(text) && capitals <= text.length / 3 ? text : HIDDEN
}

/** Makes text from the service safe to publish. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  const [before = '', kept = '', after = ''] = splitAt(text)
  const parts = [before, after].map((part) => {
    const known = secrets.reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), part)
    const plain = IDENTIFYING.reduce((shown, pattern) => shown.replace(pattern, HIDDEN), known)
    return cleanForeign(plain.replace(LONG, unlessWords))
  })
  return [parts[0], cleanForeign(kept), parts[1]].join('')
}

function splitAt(text: string): string[] {
  const found = KEPT.exec(text)
  if (found === null) return [text]
  const [kept] = found
  return [text.slice(0, found.index), kept, text.slice(found.index + kept.length)]
}

function markdown(head: Readonly<Record<string, string | number>>, rows: readonly Row[]): string {
  const having = (outcome: Outcome) => rows.filter((row) => row.outcome === outcome)
  const facts = Object.entries(head).map(([name, value]) => `- ${name}: ${value}`)
  const chapter = (title: string, its: readonly Row[]): string => {
    const lines = its.map(({ id, statement, source, detail }) => {
      return `- \`${id}\`: ${statement} (${source})${detail === '' ? '' : `\n  - ${literal(detail)}`}`
    })
    return `## ${title}\n\n${its.length === 0 ? 'None.' : lines.join('\n')}`
  }
  return `${[
    '# Conformance report',
    'The emulator of apsaramq-mqtt-register-code assumes how the service behaves. This report compares.',
    facts.join('\n'),
    chapter('Different', having('different')),
    chapter('As assumed', having('as assumed')),
    chapter(
      'Not reached',
      having('not reached').filter(({ checked }) => checked),
    ),
    chapter(
      'Without a check, so never reached',
      rows.filter(({ checked }) => !checked),
    ),
    'The report has no code, key, account number or name. With a request ID, only Alibaba Cloud can find the account.',
  ].join('\n\n')}\n`
}

/** A code span, because text of others could mention people, or link. */
function literal(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``
}

/** Makes the table of a part for `docs/emulator.md`. */
export function assumptionTable({ entries }: Part): readonly (readonly string[])[] {
  return entries.map((entry) => [
    entry.statement,
    sourceCell(entry.source),
    'check' in entry ? `\`${entry.id}\`` : `none, because ${entry.unreachable}`,
  ])
}

function sourceCell({ words, link }: Source): string {
  return link === undefined ? words : `[${words}](${link})`
}
