import { randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { isRecord, textIn } from '../src/attempts/response.ts'
import { isSameSerialNumber } from '../src/certificates/certificate.ts'
import type { Client, Placed } from './client.ts'
import { MAX_PAGE_SIZE, type Fields } from './probe.ts'

/** The name of every CA that some run of this command made. */
export const RUN_NAME = /^conformance-[\da-f]{12}$/

export function newRunName(): string {
  return `conformance-${randomBytes(6).toString('hex')}`
}

/** A CA that a run left on an instance, with the name that finds it. */
export type Left = Placed & { readonly name: string }

const ROUNDS = 4
const PAUSE_MS = 1000

/**
 * Deletes CAs: the known ones, whether the list shows them or not, and every CA whose name matches.
 *
 * @param known their registration was confirmed, or its answer was lost
 * @param name of the CAs to find in the lists of the instances
 * @returns what is still there
 */
export async function remove(
  client: Client,
  parts: {
    readonly known: readonly Placed[]
    readonly name: RegExp
    readonly instanceIds: readonly string[]
  },
): Promise<Placed[]> {
  const { name, instanceIds } = parts
  let left = parts.known
  let unseen: readonly Placed[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    const outcomes = new Map<Placed, Removal>()
    for (const ca of left) outcomes.set(ca, await removeOne(client, ca))
    const withOutcome = (outcome: Removal) => left.filter((ca) => outcomes.get(ca) === outcome)
    const failed = withOutcome('failed')
    unseen = withOutcome('not found')
    // Without a list, only what is known by its serial number can be deleted.
    const listed = await find(client, name, instanceIds).catch(() => [])
    left = [...listed, ...[...failed, ...unseen].filter((ca) => !listed.some((one) => isSame(one, ca)))]
    if (left.length === 0) return []
    // A registered CA may not be seen everywhere yet.
    if (round < ROUNDS) await setTimeout(PAUSE_MS)
  }
  return left.filter((ca) => !unseen.includes(ca))
}

/** Finds the CAs whose name matches. */
export async function find(client: Client, name: RegExp, instanceIds: readonly string[]): Promise<Left[]> {
  const found: Left[] = []
  for (const instanceId of instanceIds) {
    for (let pageNo = 1; ; pageNo++) {
      const cas = await readPage(client, instanceId, pageNo)
      for (const fields of cas) {
        const [sn, itsName] = [textIn(fields, 'Sn'), textIn(fields, 'CaName')]
        if (sn !== undefined && itsName !== undefined && name.test(itsName)) {
          found.push({ sn, instanceId, name: itsName })
        }
      }
      if (cas.length < MAX_PAGE_SIZE) break
    }
  }
  return found
}

async function readPage(client: Client, instanceId: string, pageNo: number): Promise<Fields[]> {
  const query = { PageNo: String(pageNo), PageSize: String(MAX_PAGE_SIZE) }
  const { code, body } = await client.call('ListCaCertificate', query, { instanceId })
  const data = isRecord(body['Data']) ? body['Data'] : {}
  const cas = data['CaCertificateVOS']
  if (code !== undefined || !Array.isArray(cas)) {
    throw new Error(`ListCaCertificate on ${instanceId}: ${code ?? 'the service sent no list of CAs'}`)
  }
  return cas.map((ca: unknown) => (isRecord(ca) ? ca : {}))
}

function isSame(one: Placed, other: Placed): boolean {
  return one.instanceId === other.instanceId && isSameSerialNumber(one.sn, other.sn)
}

type Removal = 'deleted' | 'not found' | 'failed'

async function removeOne(client: Client, { sn, instanceId }: Placed): Promise<Removal> {
  const change = async (operation: string): Promise<string | undefined> =>
    (await client.call(operation, { Sn: client.own(sn) }, { instanceId })).code
  try {
    let code = await change('DeleteCaCertificate')
    if (code !== undefined && code !== 'FindCaBySnError') {
      // It may have to be inactive first.
      await change('InactivateCaCertificate')
      code = await change('DeleteCaCertificate')
    }
    if (code === undefined) return 'deleted'
    return code === 'FindCaBySnError' ? 'not found' : 'failed'
  } catch {
    return 'failed'
  }
}
