/**
 * `npm run docs` updates the generated parts of the documents and of the action.yml files. A test fails while they are
 * out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { PARTS } from '../conformance/entries.ts'
import type { Part } from '../conformance/entry.ts'
import { assumptionTable } from '../conformance/report.ts'
import type { ServiceError, ServiceErrors } from '../src/alibaba-cloud/errors.ts'
import { KMS_ERRORS } from '../src/alibaba-cloud/kms-errors.ts'
import { STS_ERRORS } from '../src/alibaba-cloud/sts.ts'
import { MQTT_ERRORS } from '../src/mqtt/errors.ts'

const root = dirname(import.meta.dirname)

type ActionYml = {
  readonly inputs?: Readonly<Record<string, Described>>
  readonly outputs?: Readonly<Record<string, Described>>
}
type Described = { readonly description: string; readonly required?: boolean; readonly default?: string }

/** The actions in folders of their own, each with the action that the descriptions of its shared inputs come from. */
const COMPANIONS: Readonly<Record<string, string | undefined>> = {
  sign: undefined,
  register: '.',
  unseal: undefined,
  'create-ca': 'sign',
  'issue-device-certificates': 'sign',
  inventory: '.',
  'set-status': '.',
}

/** The files with generated parts, and the function that updates the text of each. */
export const GENERATED: Readonly<Record<string, (text: string) => string>> = {
  'README.md': withGeneratedSections,
  'docs/troubleshooting.md': withGeneratedSections,
  'docs/emulator.md': withGeneratedSections,
  'emulator/README.md': withGeneratedSections,
  ...Object.fromEntries(Object.keys(COMPANIONS).map((name) => [`${name}/README.md`, withGeneratedSections])),
  ...Object.fromEntries(
    Object.entries(COMPANIONS).flatMap(([name, source]) =>
      source === undefined
        ? []
        : [[`${name}/action.yml`, (text: string) => withSharedDescriptions(text, source)]],
    ),
  ),
}

/** Makes the text between `<!-- begin NAME -->` and `<!-- end NAME -->` in a document, by NAME. */
const SECTIONS: Readonly<Record<string, () => string>> = {
  inputs: () => inputTable('.'),
  outputs: () => outputTable('.'),
  ...Object.fromEntries(
    Object.keys(COMPANIONS).flatMap((name) => [
      [`${name}/inputs`, () => inputTable(name, readActionYml('.').inputs)],
      [`${name}/outputs`, () => outputTable(name)],
    ]),
  ),
  'emulator/inputs': () => inputTable('emulator'),
  'emulator/outputs': () => outputTable('emulator'),
  assumptions: () => PARTS.map(assumptionChapter).join('\n\n'),
  errors: () => errorChapters(groupsOf(MQTT_ERRORS)),
  // Without the codes that have the same explanation in the first table.
  'sts-errors': () => errorChapters(groupsOf(STS_ERRORS, MQTT_ERRORS)),
  'kms-errors': () => errorChapters(groupsOf(KMS_ERRORS, MQTT_ERRORS)),
}

/** Updates the generated sections of a document. */
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

/**
 * Copies the descriptions of an action's inputs to the inputs with the same names in another action.yml, if the root
 * action has them too.
 *
 * @param source the folder of the action that they come from
 */
export function withSharedDescriptions(actionYml: string, source: string): string {
  const input = /^( {2}([\w-]+):\n {4}description: )(.*)$/gm
  const inputsOf = (text: string): string => text.slice(0, text.indexOf('\noutputs:'))
  const sourceInputs = inputsOf(readFileSync(join(root, source, 'action.yml'), 'utf8'))
  const shared = new Map([...sourceInputs.matchAll(input)].map(([, , name, text]) => [name, text]))
  const inputs = inputsOf(actionYml)
  const updated = inputs.replace(
    input,
    (_, start: string, name: string, own: string) =>
      start + ((name in (readActionYml('.').inputs ?? {}) ? shared.get(name) : undefined) ?? own),
  )
  return updated + actionYml.slice(inputs.length)
}

/** @param documentedElsewhere optional inputs that another document describes; they get no row */
function inputTable(action: string, documentedElsewhere: ActionYml['inputs'] = {}): string {
  const inputs = Object.entries(readActionYml(action).inputs ?? {}).filter(
    ([name, { required }]) => required === true || !(name in documentedElsewhere),
  )
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

/** Makes the chapter of assumptions that belong together. */
function assumptionChapter(part: Part): string {
  const rows = assumptionTable(part)
  return `### ${part.title}\n\n${table(['statement', 'source', 'check'], rows)}`
}

/** Codes with the same explanation. */
type CodeGroup = { readonly codes: string[]; readonly error: ServiceError }

/** @param except codes that are omitted if they have the same explanation there */
function groupsOf(errors: ServiceErrors, except: ServiceErrors = {}): readonly CodeGroup[] {
  const groups = new Map<ServiceError, string[]>()
  for (const [name, error] of Object.entries(errors)) {
    if (except[name] !== error) groups.set(error, [...(groups.get(error) ?? []), name])
  }
  return [...groups].map(([error, codes]) => ({ codes, error }))
}

/** Makes a heading for each group of codes, with its meaning and what to do. */
function errorChapters(groups: readonly CodeGroup[]): string {
  return groups
    .map(({ codes, error: { meaning, retry, fix } }) => {
      const retried = retry ? ' The action retries this error.' : ''
      return `### ${codes.map(code).join(', ')}\n\n${general(meaning)}.${retried}\n\n${general(fix)}`
    })
    .join('\n\n')
}

/** Returns the anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

/** Replaces the placeholders in the text of an error with general words. */
function general(text: string): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => `_${GENERAL[name] ?? name}_`)
}

const GENERAL: Readonly<Record<string, string>> = {
  ramAction: 'the operation’s action',
  tokenSubject: 'subject',
  tokenAudience: 'audience',
  verificationCertificate: 'the verification certificate',
}

function readActionYml(action: string): ActionYml {
  return parse(readFileSync(join(root, action, 'action.yml'), 'utf8')) as ActionYml
}

/** Makes a Markdown table with columns as wide as those of Prettier. */
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

if (import.meta.main) {
  for (const [path, update] of Object.entries(GENERATED)) {
    const file = join(root, path)
    writeFileSync(file, update(readFileSync(file, 'utf8')))
  }
}
