import { join } from 'node:path'
import config from './jest.config.js'

const [unit] = config.projects
const here = join(import.meta.dirname, 'scripts', 'mutation')

/**
 * The tests that run `src/` in their own process, for Stryker. It starts them once for each mutant.
 *
 * @type {import('jest').Config}
 */
export default {
  ...unit,
  testMatch: [...unit.testMatch, '<rootDir>/__tests__/integration/*in-process.test.ts'],
  testTimeout: config.testTimeout,
  runner: join(here, 'runner.ts'),
  testEnvironment: join(here, 'environment.ts'),
}
