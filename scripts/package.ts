import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What scripts ask of `package.json`. */
export function readPackage(): { readonly name: string; readonly version: string } {
  const text = readFileSync(join(dirname(import.meta.dirname), 'package.json'), 'utf8')
  return JSON.parse(text) as { name: string; version: string }
}
