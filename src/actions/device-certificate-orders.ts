import { accessSync, constants, existsSync, mkdirSync, mkdtempSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { CertificateRequest } from '../certificates/certificate-request.ts'
import {
  checkRequests,
  readCertificateRequests,
  type RequestProblem,
} from '../certificates/certificate-requests.ts'
import type { Issuer } from '../certificates/x509.ts'
import { ActionError } from '../errors.ts'
import { readRequestSources, type RequestSource } from '../inputs/certificate-requests.ts'
import { optional } from '../inputs/input.ts'
import { log } from '../runner/log.ts'
import { cleanForeign } from '../runner/masking.ts'
import { CHECK_DISK, reasonOf, temporaryFolder } from '../runner/outputs.ts'
import { firstOf } from './first-of.ts'

/** A device certificate to issue. */
export type Order = {
  readonly request: CertificateRequest
  /** Of the request, for messages and the report. */
  readonly name: string
  /** The name of the certificate's file without `.crt`; `undefined` if it is the serial number. */
  readonly base: string | undefined
}

/** Of all usual file systems. */
const MAX_FILE_NAME_BYTES = 255

/**
 * Reads all certificate requests, and checks them.
 *
 * @throws ActionError which requests are bad, or would have the same file
 */
export async function readOrders(ca: Issuer): Promise<Order[]> {
  const orders: Order[] = []
  const problems: RequestProblem[] = []
  for await (const source of readRequestSources()) {
    const read = readCertificateRequests(source)
    problems.push(...read.problems)
    const of = read.requests.length
    orders.push(...read.requests.map((request, index) => orderOf(source, request, { index, of })))
  }
  problems.push(
    ...checkRequests(
      orders.map(({ request }) => request),
      ca,
    ),
  )
  problems.push(...problemsOfFiles(orders))
  if (problems.length === 0) return orders
  for (const { name, problem, fix } of problems) {
    log('Bad request', `${cleanForeign(`${name} ${problem}`)}. ${fix}`)
  }
  throw refused(problems)
}

function orderOf(
  { base }: RequestSource,
  request: CertificateRequest,
  { index, of }: { readonly index: number; readonly of: number },
): Order {
  const suffix = of === 1 ? '' : `-${index + 1}`
  return { request, name: request.name, base: base === undefined ? undefined : base + suffix }
}

/** On some disks, and in some artifacts, letter case makes no difference. */
function problemsOfFiles(orders: readonly Order[]): RequestProblem[] {
  const seen = new Map<string, Order>()
  return orders.flatMap((order) => {
    if (order.base === undefined) return []
    if (Buffer.byteLength(`${order.base}.crt`) > MAX_FILE_NAME_BYTES) {
      return [
        {
          name: order.name,
          problem: `has a name that is too long for its certificate: at most ${MAX_FILE_NAME_BYTES} bytes with .crt`,
          fix: 'Rename the file.',
        },
      ]
    }
    const key = order.base.toLowerCase()
    const first = seen.get(key)
    if (first === undefined) {
      seen.set(key, order)
      return []
    }
    return [
      {
        name: order.name,
        problem: `has the same file name as ${first.name}: ${order.base}.crt`,
        fix: 'Rename one of the files, or issue the certificates into two folders.',
      },
    ]
  })
}

function refused(problems: readonly RequestProblem[]): ActionError {
  const { words, foreign } = firstOf(problems, (problem) => problem)
  return new ActionError({
    what: `Nothing was signed, because of the certificate requests: ${words}`,
    fix: 'Correct these requests, or remove them from certificate-requests.',
    foreign,
  })
}

/**
 * Makes the folder for the certificates: `output-directory`, or a new one in the runner's temporary folder.
 *
 * @returns its absolute path
 * @throws ActionError if it cannot be made, or has one of the files already
 */
export function prepareFolder(orders: readonly Order[]): string {
  const given = optional('output-directory')
  const folder = given === '' ? newFolder() : resolve(given)
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
  } catch (cause) {
    throw new ActionError({
      what: `The folder for the certificates could not be made, or is not writable: ${folder} (${reasonOf(cause)})`,
      fix: CHECK_DISK,
      cause,
    })
  }
  const there = orders.flatMap(({ base }) => (base === undefined ? [] : [`${base}.crt`]))
  const existing = there.filter((file) => existsSync(join(folder, file)))
  if (existing.length === 0) return folder
  const others = existing.length > 1 ? ` and ${existing.length - 1} more` : ''
  throw new ActionError({
    what: `The folder for the certificates has ${existing[0] ?? ''}${others} already: ${folder}`,
    fix: 'Set output-directory to a folder without them, or remove the requests whose certificates are there. No certificate is overwritten.',
    foreign: existing.slice(0, 1),
  })
}

function newFolder(): string {
  const folder = temporaryFolder()
  try {
    return mkdtempSync(join(folder, 'device-certificates-'))
  } catch (cause) {
    throw new ActionError({
      what: `A folder could not be made in the folder that RUNNER_TEMP names: ${folder} (${reasonOf(cause)})`,
      fix: CHECK_DISK,
      cause,
    })
  }
}
