import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { FAULT_ROWS, type FaultRow, MAX_ATTEMPTS } from '../__tests__/integration/fault-rows.ts'
import type { ServiceError, ServiceErrors } from '../src/alibaba-cloud/errors.ts'
import { STS_ERRORS } from '../src/alibaba-cloud/sts.ts'
import { MQTT_ERRORS } from '../src/mqtt/errors.ts'

const root = dirname(import.meta.dirname)

type ActionYml = {
  readonly inputs?: Readonly<Record<string, Described>>
  readonly outputs?: Readonly<Record<string, Described>>
}
type Described = { readonly description: string; readonly required?: boolean; readonly default?: string }

/** The documents that have generated sections. */
export const DOCUMENTS = [
  'README.md',
  'docs/faults.md',
  'docs/troubleshooting.md',
  'sign/README.md',
  'register/README.md',
  'unseal/README.md',
  'emulator/README.md',
]

/** What stands between `<!-- begin NAME -->` and `<!-- end NAME -->` in a document: each NAME, and how it is made. */
const SECTIONS: Readonly<Record<string, () => string>> = {
  inputs: () => inputTable('.'),
  outputs: () => outputTable('.'),
  'sign/inputs': () => inputTable('sign'),
  'sign/outputs': () => outputTable('sign'),
  'register/inputs': () => inputTable('register'),
  'register/outputs': () => outputTable('register'),
  'unseal/inputs': () => inputTable('unseal'),
  'unseal/outputs': () => outputTable('unseal'),
  'emulator/inputs': () => inputTable('emulator'),
  'emulator/outputs': () => outputTable('emulator'),
  errors: () => errorChapters(MQTT),
  'sts-errors': () => errorChapters(STS),
  'error-index': () => errorIndex(MQTT),
  'sts-error-index': () => errorIndex(STS),
  faults: faultTables,
}

/** A document with its generated sections made anew from the code and the action.yml files. */
export function withGeneratedSections(document: string): string {
  return document.replace(
    /(<!-- begin ([\w/-]+) -->\n)[^]*?(<!-- end \2 -->)/g,
    (_, begin: string, name: string, end: string) => {
      const make = SECTIONS[name]
      if (make === undefined) throw new Error(`There is no generated section ${name}`)
      return `${begin}\n${make()}\n\n${end}`
    },
  )
}

function inputTable(action: string): string {
  const inputs = Object.entries(readActionYml(action).inputs ?? {})
  return table(
    ['input', 'default', 'meaning'],
    inputs.map(([name, { required, default: fallback, description }]) => [
      code(name),
      required === true ? 'required' : fallback === undefined ? '' : code(fallback),
      description,
    ]),
  )
}

function outputTable(action: string): string {
  const outputs = Object.entries(readActionYml(action).outputs ?? {})
  return table(
    ['output', 'meaning'],
    outputs.map(([name, { description }]) => [code(name), description]),
  )
}

/** Codes that mean the same, and what is known of them. */
type CodeGroup = { readonly codes: string[]; readonly error: ServiceError }

const MQTT = groupsOf(MQTT_ERRORS)
/** Without those that have the same words as the product's own. */
const STS = groupsOf(STS_ERRORS, MQTT_ERRORS)

function groupsOf(errors: ServiceErrors, but: ServiceErrors = {}): readonly CodeGroup[] {
  const groups = new Map<ServiceError, string[]>()
  for (const [name, error] of Object.entries(errors)) {
    if (but[name] !== error) groups.set(error, [...(groups.get(error) ?? []), name])
  }
  return [...groups].map(([error, codes]) => ({ codes, error }))
}

/** What a group of codes means and what to do, each under a heading of its own. */
function errorChapters(groups: readonly CodeGroup[]): string {
  return groups
    .map(({ codes, error: { meaning, retry, fix } }) => {
      const repeated = retry ? 'It is tried again first.' : 'It is not tried again.'
      return `### ${codes.map(code).join(', ')}\n\n${general(meaning)}. ${repeated}\n\n${general(fix)}`
    })
    .join('\n\n')
}

/** All codes with what they mean, each a link to the chapter that says what to do. */
function errorIndex(groups: readonly CodeGroup[]): string {
  return table(
    ['code', 'what it means'],
    groups.map(({ codes, error: { meaning } }) => {
      const names = codes.map(code).join(', ')
      return [`[${names}](docs/troubleshooting.md#${anchorOf(names)})`, general(meaning)]
    }),
  )
}

/** The anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

/** A table for each call, of the rows that the integration test runs. */
function faultTables(): string {
  const operations = [...new Set(FAULT_ROWS.map(({ operation }) => operation))]
  return operations
    .map((operation) => {
      const rows = FAULT_ROWS.filter((row) => row.operation === operation)
      return `## ${operation}\n\n${table(
        ['when', 'then'],
        rows.map((row) => [row.fault, promised(row)]),
      )}`
    })
    .join('\n\n')
}

function promised({ promise }: FaultRow): string {
  if ('succeedsAtAttempt' in promise) {
    const { succeedsAtAttempt: at } = promise
    return at === 1 ? 'succeeds, at the first attempt' : `succeeds, at attempt ${at}`
  }
  const { failsAfterAttempts: attempts, saying } = promise
  const effort = attempts === 1 ? 'at the first attempt' : `after all ${MAX_ATTEMPTS} attempts`
  return `fails ${effort}; the annotation says ${saying.map((words) => `“${words}”`).join(', ')}`
}

/** The blanks of an error's text, as what they stand for. */
function general(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => `_${GENERAL[name] ?? name}_`)
}

const GENERAL: Readonly<Record<string, string>> = {
  ramAction: 'the operation’s action',
  tokenSubject: 'subject',
  tokenAudience: 'audience',
}

function readActionYml(action: string): ActionYml {
  return parse(readFileSync(join(root, action, 'action.yml'), 'utf8')) as ActionYml
}

/** A Markdown table, its columns as wide as prettier makes them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [line(all[0] ?? []), rule, ...all.slice(1).map(line)].join('\n')
}

function code(text: string): string {
  return `\`${text}\``
}
