/**
 * The local service. Prints one JSON line when it is ready and goes on serving until SIGTERM.
 *
 *     npm run emulator -- [--port PORT] [--config FILE] [--max-seconds SECONDS]
 */
import { runEmulator } from './run.ts'

await runEmulator(process.argv.slice(2), (line) => {
  console.log(JSON.stringify(line))
})
