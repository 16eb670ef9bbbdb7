/**
 * `npm run test:examples`: runs the workflows in `examples/`, on a runner that was not written here, with the emulator
 * in place of the service. Nothing is changed in them but where the service is. With names behind `--`, only those.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { trust } from '../__tests__/support/registered-cas.ts'
import { startEmulator } from '../emulator/start.ts'
import { report, type Check } from './checks.ts'
import { during } from './examples/ended-checks.ts'
import { copyReleasedFiles } from './examples/repositories.ts'
import type { Setting } from './examples/run-example.ts'
import { PRODUCTION, SCENES, STAGING } from './examples/scenes.ts'
import { pythonEnvironment } from './python-environment.ts'

const programs = pythonEnvironment('act', '__tests__/workflow/requirements.txt')
if (programs !== undefined) {
  const emulator = await startEmulator({ config: { instances: [{ id: STAGING }, { id: PRODUCTION }] } })
  const folder = mkdtempSync(join(tmpdir(), 'examples-'))
  try {
    trust(emulator)
    const released = join(folder, 'released')
    copyReleasedFiles(released)
    const instances = [emulator.info.instanceId, STAGING, PRODUCTION]
    report(await runAll({ programs, emulator, instances, released, folder }))
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runAll(setting: Setting): Promise<Check[]> {
  const wanted = process.argv.slice(2)
  const checks: Check[] = []
  for (const name of wanted.length > 0 ? wanted : allExamples()) {
    const scene = SCENES[name]
    if (scene === undefined) throw new Error(`nothing in scripts/examples/scenes.ts runs the example ${name}`)
    await setting.emulator.reset()
    checks.push(...during(name, await scene(setting)))
  }
  return checks
}

function allExamples(): string[] {
  const files = readdirSync(join(dirname(import.meta.dirname), 'examples'))
  return files.filter((file) => file.endsWith('.yml')).map((file) => file.slice(0, -'.yml'.length))
}
