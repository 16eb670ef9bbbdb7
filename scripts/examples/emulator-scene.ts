import { once } from 'node:events'
import { connect } from 'node:net'
import type { Check } from '../checks.ts'
import { CODE } from './ended-checks.ts'
import { KEYLESS, runInFork, type Setting } from './run-example.ts'

const CALLS = [...KEYLESS, 'GetRegisterCode', 'GetCaCertificate', 'RegisterCaCertificate']

/** The emulator of this one is its own: what it was asked stands in the log, and afterwards it has to be gone. */
export async function emulator(setting: Setting): Promise<Check[]> {
  const { exitCode, log } = await runInFork('emulator', setting)
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(log)?.[1])
  const end = log.slice(log.indexOf('Run Post Start the emulator'))
  return [
    ['it succeeded', exitCode === 0],
    ['the log says that the CA was registered', log.includes('registered by this run: true')],
    [`it ends with the calls ${CALLS.join(', ')}`, CALLS.every((call) => end.includes(call))],
    ['the log shows no code', !CODE.test(log)],
    ['its emulator has ended', Number.isInteger(port) && !(await isListening(port))],
  ]
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
