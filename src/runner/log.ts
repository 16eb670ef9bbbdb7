import { appendFileSync } from 'node:fs'
import { info } from '@actions/core'
import { clean } from './masking.ts'

const LABEL_WIDTH = 'Register code'.length

/** Prints one line of the step's log: what it is about, then the fact. */
export function log(label: string, fact: string): void {
  // Apart, so that a fact that has to be withheld leaves its label.
  info(`${clean(label.padEnd(LABEL_WIDTH))}  ${clean(fact)}`)
}

/**
 * Adds a table to the summary of the job. Values are cleaned and escaped, whoever wrote them. One that cannot be
 * written fails no step; the log says so.
 *
 * Not with `core.summary`: it escapes nothing, and keeps the name of the first file that it wrote to.
 *
 * @param rows what it is, and the fact
 */
export function writeSummary(title: string, rows: Readonly<Record<string, string>>): void {
  const lines = Object.entries(rows).map(
    ([label, fact]) => `<tr><th align="left">${escape(label)}</th><td><code>${escape(fact)}</code></td></tr>`,
  )
  // In one block of HTML, in which Markdown means nothing.
  const text = `### ${escape(title)}\n\n<table>\n${lines.join('\n')}\n</table>\n\n`
  try {
    appendFileSync(process.env['GITHUB_STEP_SUMMARY'] ?? '', text)
  } catch {
    log('Summary', 'not written: GITHUB_STEP_SUMMARY names no file that can be written')
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
