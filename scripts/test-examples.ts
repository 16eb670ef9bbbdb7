/**
 * Runs the workflows in `examples/` with act, and with the emulator instead of the service. Only the endpoints in them
 * are changed. `npx node scripts/test-examples.ts NAME…` runs only these. Needs Python 3.
 */
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { startEmulator } from '../emulator/start.ts'
import { trust } from '../testing/registered-cas.ts'
import { report, type Check } from './checks.ts'
import { prefixed } from './examples/example-checks.ts'
import { WITH_EXPIRY } from './examples/expiry-scene.ts'
import type { Setting } from './examples/run-example.ts'
import { CA_KEY } from './examples/kms-scenes.ts'
import { REVOKING } from './examples/revoke-scene.ts'
import { PRODUCTION, SCENES, STAGING } from './examples/scenes.ts'
import { pythonEnvironment } from './python-environment.ts'

const root = dirname(import.meta.dirname)
/** Not part of a release, and slow to copy for each step. */
const NOT_RELEASED = new Set(['.git', '.venv', '.build', '.cache', 'coverage', 'node_modules'])

const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) {
  const emulator = await startEmulator({
    config: {
      instances: [{ id: STAGING }, { id: PRODUCTION }, REVOKING, ...WITH_EXPIRY],
      kmsKeys: [{ alias: CA_KEY }],
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'examples-'))
  try {
    trust(emulator)
    const released = join(folder, 'released')
    cpSync(root, released, { recursive: true, filter: (file) => !NOT_RELEASED.has(basename(file)) })
    const instances = [emulator.info.instanceId, STAGING, PRODUCTION]
    report(await runAll({ programs, emulator, instances, released, folder }))
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runAll(setting: Setting): Promise<Check[]> {
  const names = process.argv.slice(2)
  const checks: Check[] = []
  for (const name of names.length > 0 ? names : allExamples()) {
    const scene = SCENES[name]
    if (scene === undefined) throw new Error(`The example ${name} has no scene in scripts/examples/scenes.ts`)
    await setting.emulator.reset()
    checks.push(...prefixed(name, await scene(setting)))
  }
  return checks
}

function allExamples(): string[] {
  const files = readdirSync(join(root, 'examples'))
  return files.filter((file) => file.endsWith('.yml')).map((file) => basename(file, '.yml'))
}
