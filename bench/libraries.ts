import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import ncc from '@vercel/ncc'
import { median } from './by-turns.ts'

const root = dirname(import.meta.dirname)
const LOADER = join(import.meta.dirname, 'evaluate.js')
const ROUNDS = 15

/** The parts of the bundles, each with the statements that load it. */
const PARTS: Readonly<Record<string, string>> = {
  'node:crypto': "import { createHash } from 'node:crypto'\nexport default createHash",
  'node:https': "import https from 'node:https'\nexport default https",
  '@actions/core': "import { getInput, info } from '@actions/core'\nexport default [getInput, info]",
  '@actions/github': "import { context } from '@actions/github'\nexport default context",
  '@alicloud/openapi-client': "import sdk from '@alicloud/openapi-client'\nexport default sdk",
  '@alicloud/credentials': "import credentials from '@alicloud/credentials'\nexport default credentials",
  '@alicloud/tea-xml': "import xml from '@alicloud/tea-xml'\nexport default xml",
  'p-retry': "import pRetry from 'p-retry'\nexport default pRetry",
  jose: "import { CompactEncrypt, compactDecrypt } from 'jose'\nexport default [CompactEncrypt, compactDecrypt]",
  '@peculiar/asn1-x509':
    "import { AsnConvert } from '@peculiar/asn1-schema'\nimport { Certificate } from '@peculiar/asn1-x509'\nexport default [AsnConvert, Certificate]",
  '@peculiar/x509':
    "import 'reflect-metadata'\nimport { X509CertificateGenerator } from '@peculiar/x509'\nexport default X509CertificateGenerator",
}

/** Measures what loading each library costs: bundled with its dependencies, evaluated in a new process, by turns. */
export async function benchLibraries(): Promise<void> {
  // Inside the repository, so that the bundler finds the libraries.
  mkdirSync(join(root, '.build'), { recursive: true })
  const entries = mkdtempSync(join(root, '.build', 'libraries-'))
  const folder = mkdtempSync(join(tmpdir(), 'bench-libraries-'))
  try {
    const times: Record<string, number[]> = {}
    const bytes: Record<string, number> = {}
    for (const [part, source] of Object.entries(PARTS)) {
      const entry = join(entries, `${fileName(part)}.js`)
      writeFileSync(entry, source)
      const options = {
        cache: false,
        esm: false,
        mainFields: ['module', 'main'],
        minify: true,
        quiet: true,
      } as const
      const { code } = await ncc(entry, options)
      writeFileSync(join(folder, `${fileName(part)}.cjs`), code)
      bytes[part] = code.length
    }
    for (let round = 0; round <= ROUNDS; round++) {
      for (const part of Object.keys(PARTS)) {
        const ms = evaluationTime(join(folder, `${fileName(part)}.cjs`))
        if (round > 0) (times[part] ??= []).push(ms)
      }
    }
    const rows = Object.keys(PARTS).map((part) => [
      part,
      { bytes: bytes[part], 'evaluation ms': Math.round(median(times[part] ?? []) * 10) / 10 },
    ])
    console.table(Object.fromEntries(rows))
    console.log(
      `Medians of ${ROUNDS} processes each, by turns. Modules of Node that a library loads are included.`,
    )
  } finally {
    rmSync(entries, { recursive: true })
    rmSync(folder, { recursive: true })
  }
}

/** Evaluates a file in a new process, because a module is evaluated once. `--eval` would make Node load more. */
function evaluationTime(file: string): number {
  const { stdout, status, stderr } = spawnSync(process.execPath, [LOADER, file], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`Evaluating ${file} failed: ${stderr}`)
  return Number(stdout)
}

function fileName(part: string): string {
  return part.replace(/[^a-z0-9]+/g, '-')
}
