import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { bundledLicences } from '../../scripts/bundled-licences.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'licences-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

/** @returns the path of a module of the package */
function install(name: string, manifest: object, files: Readonly<Record<string, string>> = {}): string {
  const at = join(folder, 'node_modules', name)
  mkdirSync(at, { recursive: true })
  const all = { ...files, 'package.json': JSON.stringify({ name, version: '1.2.3', ...manifest }) }
  for (const [file, text] of Object.entries(all)) writeFileSync(join(at, file), text)
  return join(at, 'lib', 'index.js')
}

describe('the licences of the bundles', () => {
  it('name each package once, with its licence texts', () => {
    const one = install(
      '@scope/one',
      { license: 'MIT' },
      { LICENSE: 'The text of one\r\n', NOTICE: 'Notice' },
    )
    const two = install('two', { license: 'ISC' }, { 'licence.md': 'The text of two' })
    const own = join(folder, 'src', 'index.js')
    const modules = [
      { resource: own },
      { resource: two },
      { modules: [{ resource: two }, { resource: one }] },
    ]
    expect(bundledLicences(modules)).toBe(
      `@scope/one 1.2.3\nMIT\n\nThe text of one\nNotice\n\n${'-'.repeat(80)}\n\ntwo 1.2.3\nISC\n\nThe text of two\n`,
    )
  })

  it.each([
    ['A. Uthor', 'A. Uthor'],
    [{ name: 'A. Uthor' }, 'A. Uthor'],
    ['', 'the authors of bare'],
    [undefined, 'the authors of bare'],
  ])('use the standard text for a package without one, with the author %j', (author, holder) => {
    const text = bundledLicences([{ resource: install('bare', { license: 'ISC', author }) }])
    expect(text).toContain(`Copyright ${holder}\n\nPermission to use`)
  })

  it.each([
    [
      'that is not permissive',
      { license: 'GPL-3.0-only' },
      'bare 1.2.3 cannot be bundled, because its licence is GPL-3.0-only',
    ],
    ['that is not declared', {}, 'its licence is unknown'],
    ['without a known text', { license: 'BlueOak-1.0.0' }, 'BlueOak-1.0.0.txt'],
  ])('stop the build for a package with a licence %s', (_, manifest, message) => {
    const resource = install('bare', manifest)
    expect(() => bundledLicences([{ resource }])).toThrow(message)
  })
})
