/**
 * Mutation testing: Stryker changes `src/` in one place at a time, and a test has to notice. Only tests that run `src/`
 * in their own process can; those that start `dist/` are left out (jest.mutation.config.js).
 *
 * @type {import('@stryker-mutator/api/core').PartialStrykerOptions}
 */
export default {
  // The entries are one line each, which only a process of its own can run.
  mutate: ['src/**/*.ts', '!src/entries/**'],
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  // Of the tests that import what is changed, the runner named there picks those that reach it.
  jest: { configFile: 'jest.mutation.config.js', enableFindRelatedTests: true },
  coverageAnalysis: 'perTest',
  // The tests wait for each other's emulators: with more of them at once than cores, good code would be late too.
  concurrency: 2,
  // Jest keeps much of what each run loads: after forty mutants, a process holds two gigabytes.
  maxTestRunnerReuse: 10,
  // Beyond the time of its tests: to load what they import, and to start an emulator.
  timeoutMS: 30_000,
  timeoutFactor: 3,
  tempDirName: '.stryker-tmp',
  ignorePatterns: ['.build', '.venv', 'coverage', 'reports'],
  reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  thresholds: { high: 95, low: 90, break: 85 },
}
