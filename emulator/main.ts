/**
 * Starts the emulator. Prints one JSON line when it is ready, and serves until SIGTERM.
 *
 *     npm run emulator -- [--port PORT] [--mqtt-port PORT] [--config FILE] [--max-seconds SECONDS]
 */
const parentPid = process.ppid
// Imported late: the parent can end while the libraries load.
const { runEmulator } = await import('./run.ts')

await runEmulator(
  process.argv.slice(2),
  (line) => {
    console.log(JSON.stringify(line))
    process.send?.(line)
  },
  parentPid,
)
