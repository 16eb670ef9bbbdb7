import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { parentPort } from 'node:worker_threads'
import { NO_PAUSES } from './in-process.ts'
import type { StepEnd, Order } from './step-thread.ts'
import { inProcess } from './step-in-process.ts'

const run = inProcess(NO_PAUSES)
const roots = getCACertificates('default')

parentPort?.on('message', ({ action, env }: Order) => {
  const trusted = env['NODE_EXTRA_CA_CERTS']
  // A process reads this variable when it starts.
  if (trusted !== undefined) setDefaultCACertificates([...roots, readFileSync(trusted, 'utf8')])
  let stdout = ''
  const onOutput = (chunk: string): void => {
    stdout += chunk
  }
  void run({ action, env, program: '', folder: '', signal: undefined, onOutput }).then(
    ({ exitCode, stderr }) => {
      parentPort?.postMessage({ exitCode, stdout, stderr } satisfies StepEnd)
    },
  )
})
