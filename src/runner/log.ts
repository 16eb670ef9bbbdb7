import { appendFileSync } from 'node:fs'
import { info, notice as annotate, warning } from '@actions/core'
import { clean, cleanForeign } from './masking.ts'
import { reasonOf } from './outputs.ts'

/** More than any name or serial number needs. */
const MAX_SPAN = 100
const LABEL_WIDTH = 'Register code'.length
/** Below the limit of the runner, 4,096. */
export const MAX_ANNOTATION = 4000
/** How many rows a table of the summary shows. */
export const MAX_ROWS = 300
/** A summary with two tables must stay below 500 kB, so that a browser can show it. */
const MAX_TABLE_BYTES = 240_000

/** Prints one line of the step's log: a label, then a fact. */
export function log(label: string, fact: string): void {
  // Cleaned one by one, so that the label stays when the fact must be withheld.
  info(`${clean(label.padEnd(LABEL_WIDTH))}  ${clean(fact)}`)
}

/** Adds a warning to the run: an annotation, and a line of the log. */
export function warn(text: string): void {
  warning(clean(text, MAX_ANNOTATION))
}

/** Adds a notice to the run: an annotation, and a line of the log. */
export function notice(text: string): void {
  annotate(clean(text, MAX_ANNOTATION))
}

/**
 * Adds a table to the job summary. All values are cleaned and escaped. A summary that cannot be written does not fail
 * the step; the log says so.
 *
 * Not with `core.summary`, which escapes nothing and remembers the first file that it wrote to.
 *
 * @param facts each fact by its label
 * @param text several lines to show below the table
 */
export function writeSummary(title: string, facts: Readonly<Record<string, string>>, text = ''): void {
  const shown = text.split('\n').map(escape).join('\n')
  append(`${tableOf(title, facts)}${text === '' ? '' : `<pre>\n${shown}</pre>\n\n`}`)
}

/**
 * Does the same with a table of many rows below: at most 300, fewer if they are long.
 *
 * @param table.total how many rows there would be, if not all are given
 * @param table.more where the rows are that are not shown, such as `in the report`
 */
export function writeTable(
  title: string,
  table: {
    readonly facts: Readonly<Record<string, string>>
    readonly columns: readonly string[]
    readonly rows: readonly (readonly string[])[]
    readonly total?: number
    readonly more: string
  },
): void {
  const { facts, columns, rows, total = rows.length, more } = table
  const header = columns.map((column) => `<th align="left">${escape(column)}</th>`).join('')
  let content = `${tableOf(title, facts)}<table>\n<tr>${header}</tr>\n`
  let bytes = Buffer.byteLength(content)
  let count = 0
  for (const row of rows.slice(0, MAX_ROWS)) {
    const line = `<tr>${row.map((cell) => `<td><code>${escape(cell)}</code></td>`).join('')}</tr>\n`
    bytes += Buffer.byteLength(line)
    if (bytes > MAX_TABLE_BYTES) break
    content += line
    count++
  }
  const left = total - count
  append(`${content}</table>\n\n${left === 0 ? '' : `and ${left} more, ${escape(more)}\n\n`}`)
}

function tableOf(title: string, facts: Readonly<Record<string, string>>): string {
  const lines = Object.entries(facts).map(
    ([label, fact]) => `<tr><th align="left">${escape(label)}</th><td><code>${escape(fact)}</code></td></tr>`,
  )
  // One block of HTML, inside which Markdown has no meaning.
  return `### ${escape(title)}\n\n<table>\n${lines.join('\n')}\n</table>\n\n`
}

function append(content: string): void {
  const file = process.env['GITHUB_STEP_SUMMARY'] ?? ''
  try {
    appendFileSync(file, content)
  } catch (error) {
    log('Summary', `not written: GITHUB_STEP_SUMMARY names no writable file: "${file}" (${reasonOf(error)})`)
  }
}

/**
 * Shows a text from others in a code span of HTML, in which nothing is a mention, a link or a tag. Use it in a block of
 * HTML: in a line of Markdown, the text between two tags is Markdown.
 */
export function codeSpan(text: string): string {
  return `<code>${escape(cleanForeign(text, MAX_SPAN)).toWellFormed()}</code>`
}

function escape(text: string): string {
  return clean(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
