/** Makes the generated sections of the documents anew. A test fails while they are not what this makes of them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DOCUMENTS, withGeneratedSections } from './generated-docs.ts'

for (const document of DOCUMENTS) {
  const file = join(dirname(import.meta.dirname), document)
  writeFileSync(file, withGeneratedSections(readFileSync(file, 'utf8')))
}
