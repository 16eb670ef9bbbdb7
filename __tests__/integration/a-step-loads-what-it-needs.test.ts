import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { emulated, keyless } from '../support/emulated.ts'

const dist = join(import.meta.dirname, '../../dist')
const service = emulated()

/** Is imported into a step. Writes the files that the step loaded when it ends. */
const REPORTER = `
  import { createRequire } from 'node:module'
  import { writeFileSync } from 'node:fs'
  const { cache } = createRequire(process.execPath)
  process.on('exit', () => writeFileSync(process.env.LOADED_FILES, JSON.stringify(Object.keys(cache))))`

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loads-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/**
 * Runs the root action.
 *
 * @returns the step, and the bundles that it loaded. N replaces the number in a file name of the bundler.
 */
async function run(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'loaded.json')
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(REPORTER)}`
  const step = await service.getRegisterCode(inputs, { NODE_OPTIONS, LOADED_FILES: file, ...env })
  const loaded = JSON.parse(readFileSync(file, 'utf8')) as readonly string[]
  const bundles = loaded
    .map((path) => relative(dist, path).replace(/^\d+/, 'N'))
    // Ignores development dependencies and the short files that load a bundle when it is used.
    .filter((path) => path.endsWith('index.js') && !path.startsWith('..'))
  return { step, bundles }
}

describe('a step with an access key', () => {
  it('loads only its own bundle', async () => {
    const { step, bundles } = await run({})
    expect(step.exitCode).toBe(0)
    expect(bundles).toEqual(['index.js'])
  })

  it('loads the library for seals when it has a seal-key', async () => {
    const env = { GITHUB_REPOSITORY: 'acme/devices', GITHUB_RUN_ID: '42' }
    const { step, bundles } = await run({ 'seal-key': 'a long enough passphrase' }, env)
    expect(step.outputs['sealed-register-code']).toMatch(/^ey/)
    expect(bundles).toEqual(['index.js', 'N.index.js'])
  })

  it('loads the XML parser for an error in XML', async () => {
    const headers = { 'content-type': 'text/xml;charset=utf-8' }
    const fault = { status: 403, headers, body: '<Error><Code>NoPermission</Code></Error>' }
    await service.emulator.setFaults([{ operation: 'GetRegisterCode', fault }])
    const { step, bundles } = await run({})
    expect(step.annotations).toEqual([expect.stringContaining('NoPermission')])
    expect(bundles).toEqual(['index.js', 'late/tea-xml/index.js'])
  })
})

describe('a step without an access key', () => {
  const noKey = { 'access-key-id': '', 'access-key-secret': '' }

  it('loads only its own bundle when it assumes a role', async () => {
    const { inputs, env } = keyless(service.emulator)
    const { step, bundles } = await run({ ...inputs, ...noKey }, env)
    expect(step.exitCode).toBe(0)
    expect(bundles).toEqual(['index.js'])
  })

  it("loads the SDK's default chain on a self-hosted runner", async () => {
    const { accessKeyId, accessKeySecret } = service.emulator.info
    mkdirSync(join(folder, '.alibabacloud'))
    writeFileSync(
      join(folder, '.alibabacloud/credentials'),
      `[default]\ntype = access_key\naccess_key_id = ${accessKeyId}\naccess_key_secret = ${accessKeySecret}\n`,
    )
    const { step, bundles } = await run(noKey, { RUNNER_ENVIRONMENT: 'self-hosted', HOME: folder })
    expect(step.exitCode).toBe(0)
    expect(bundles).toEqual(['index.js', 'late/credentials/index.js'])
  })

  it('loads the event bundle to detect a fork', async () => {
    const GITHUB_EVENT_PATH = join(folder, 'event.json')
    const repo = (full_name: string) => ({ repo: { full_name } })
    const event = { pull_request: { head: repo('somebody/devices'), base: repo('acme/devices') } }
    writeFileSync(GITHUB_EVENT_PATH, JSON.stringify(event))
    const { step, bundles } = await run(noKey, { GITHUB_EVENT_PATH, GITHUB_EVENT_NAME: 'pull_request' })
    expect(step.annotations).toEqual([expect.stringContaining('pull request from a fork')])
    expect(bundles).toEqual(['index.js', 'N.index.js'])
  })
})

it('the bundles contain no HTTP client except that of the SDK', () => {
  const packages = readFileSync(join(dist, 'licenses.txt'), 'utf8').match(/^\S+ \d\S*$/gm)
  expect(packages).toContainEqual(expect.stringMatching(/^httpx /))
  expect(packages?.join('\n')).not.toMatch(/^(undici|tunnel|@actions\/http-client) /m)
})
