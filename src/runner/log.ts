import { appendFileSync } from 'node:fs'
import { info, notice as annotate, warning } from '@actions/core'
import { clean } from './masking.ts'
import { reasonOf } from './outputs.ts'

const LABEL_WIDTH = 'Register code'.length

/** Prints one line of the step's log: a label, then a fact. */
export function log(label: string, fact: string): void {
  // Cleaned one by one, so that the label stays when the fact must be withheld.
  info(`${clean(label.padEnd(LABEL_WIDTH))}  ${clean(fact)}`)
}

/** Adds a warning to the run: an annotation, and a line of the log. */
export function warn(text: string): void {
  warning(clean(text))
}

/** Adds a notice to the run: an annotation, and a line of the log. */
export function notice(text: string): void {
  annotate(clean(text))
}

/**
 * Adds a table to the job summary. All values are cleaned and escaped. A summary that cannot be written does not fail
 * the step; the log says so.
 *
 * Not with `core.summary`, which escapes nothing and remembers the first file that it wrote to.
 *
 * @param rows each fact by its label
 * @param text several lines to show below the table
 */
export function writeSummary(title: string, rows: Readonly<Record<string, string>>, text = ''): void {
  const lines = Object.entries(rows).map(
    ([label, fact]) => `<tr><th align="left">${escape(label)}</th><td><code>${escape(fact)}</code></td></tr>`,
  )
  // One block of HTML, inside which Markdown has no meaning.
  const table = `### ${escape(title)}\n\n<table>\n${lines.join('\n')}\n</table>\n\n`
  const shown = text.split('\n').map(escape).join('\n')
  const content = text === '' ? table : `${table}<pre>\n${shown}</pre>\n\n`
  const file = process.env['GITHUB_STEP_SUMMARY'] ?? ''
  try {
    appendFileSync(file, content)
  } catch (error) {
    log('Summary', `not written: GITHUB_STEP_SUMMARY names no writable file: "${file}" (${reasonOf(error)})`)
  }
}

function escape(text: string): string {
  return clean(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
