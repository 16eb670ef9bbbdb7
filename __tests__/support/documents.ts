import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(dirname(import.meta.dirname))

/** The paths of all documents, relative to the repository. */
export const DOCUMENTS = globSync(
  [
    '*.md',
    '{docs,examples,emulator,sign,unseal,register,create-ca,issue-device-certificates,set-status}/*.md',
  ],
  { cwd: root },
)
  .map((path) => path.replaceAll('\\', '/'))
  .sort()

/** @param document its path, relative to the repository */
export function readDocument(document: string): string {
  return readFileSync(join(root, document), 'utf8')
}

/** Returns a section of a document: from a second-level heading to the next one. */
export function sectionOf(document: string, heading: string): string {
  const [, ...sections] = readDocument(document).split(/^## /m)
  const section = sections.find((text) => text.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`${document} has no section ${heading}`)
  return section
}

/** Returns the contents of the fenced blocks of a language, in order. */
export function blocksIn(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, itsLanguage]) => itsLanguage === language)
    .map(([, , content = '']) => content)
}
