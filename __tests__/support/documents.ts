import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(dirname(import.meta.dirname))

/** All documents that users read. */
export const DOCUMENTS = [
  'README.md',
  'sign/README.md',
  'unseal/README.md',
  'register/README.md',
  'docs/set-up.md',
  'docs/security.md',
  'docs/runners.md',
  'docs/troubleshooting.md',
  'docs/faults.md',
]

/** @param document its path from the repository's top */
export function readDocument(document: string): string {
  return readFileSync(join(root, document), 'utf8')
}

/** The part of a document below a heading of the second level, up to the next one. */
export function sectionOf(document: string, heading: string): string {
  const [, ...sections] = readDocument(document).split(/^## /m)
  const section = sections.find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`${document} has no section ${heading}`)
  return section
}

/** The contents of the fenced blocks of a language, in their order. */
export function blocksIn(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, itsLanguage]) => itsLanguage === language)
    .map(([, , content = '']) => content)
}
