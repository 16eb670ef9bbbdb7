import { startEmulator } from '../emulator/start.ts'

/**
 * Starts one emulator for each process that runs tests, before the first of them. Starting one takes as long as several
 * tests. The processes read their addresses in `TEST_EMULATORS`.
 */
export default async function startEmulators({ maxWorkers }) {
  const emulators = await Promise.all(Array.from({ length: maxWorkers }, () => startEmulator()))
  process.env['TEST_EMULATORS'] = JSON.stringify(emulators.map(({ info }) => info))
  globalThis.stopTestEmulators = () => Promise.all(emulators.map(({ stop }) => stop()))
}
