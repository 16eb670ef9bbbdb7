import { availableParallelism } from 'node:os'
import { join } from 'node:path'

// Each emulator is a process that loads the same TypeScript: with its code in a cache it starts a third faster.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, '.cache', 'compiled')

const project = (name) => ({
  displayName: name,
  testEnvironment: 'node',
  testMatch: [`<rootDir>/__tests__/${name}/**/*.test.ts`],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
})

/** @type {import('jest').Config} */
export default {
  projects: [
    project('unit'),
    {
      ...project('integration'),
      globalSetup: '<rootDir>/__tests__/start-emulators.js',
      globalTeardown: '<rootDir>/__tests__/stop-emulators.js',
    },
  ],
  // Most of what the integration tests do is waiting: for a process, an answer, a pause.
  maxWorkers: 2 * availableParallelism(),
  testSequencer: '<rootDir>/__tests__/longest-first.js',
  testTimeout: 60_000,
  // A fifth of the time of all tests, so only where the threshold is checked: in CI, and in .ci/run.
  collectCoverage: process.env.CI === 'true',
  coverageProvider: 'v8',
  // The entries run in dist/, in processes of their own; each is one line that starts what is measured here.
  collectCoverageFrom: ['src/**/*.ts', '!src/entries/**'],
  coverageReporters: ['text', 'lcovonly'],
  coverageThreshold: { global: { lines: 95, branches: 95 } },
}
