import { ASSUMED, documented, type Entry, type Part } from '../entry.ts'
import { isAbout, requireCode, requireSuccess, requireThat, verify } from '../probe.ts'
import { requireStatus } from './registration.ts'

/** Deactivating, activating and deleting CAs. */
export const CHANGES: Part = {
  title: 'Changes and deletion',
  entries: [
    unknownSn('GetCaCertificate', documented('GetCaCertificate')),
    unknownSn('ActiveCaCertificate', ASSUMED),
    unknownSn('InactivateCaCertificate', ASSUMED),
    unknownSn('DeleteCaCertificate', ASSUMED),
    {
      id: 'inactivate',
      statement: '`InactivateCaCertificate` makes a CA inactive: its `Status` is `0`.',
      source: documented('CA certificates'),
      check: async (probe) => {
        const ca = probe.known('ca')
        await probe.change('InactivateCaCertificate', ca)
        requireStatus(await probe.fields(ca), '0')
      },
    },
    {
      id: 'inactivate-again',
      statement: 'It is not an error to deactivate an inactive CA.',
      source: ASSUMED,
      check: (probe) => probe.change('InactivateCaCertificate', probe.known('ca')),
    },
    {
      id: 'activate',
      statement: '`ActiveCaCertificate` makes a CA active: its `Status` is `1`.',
      source: documented('CA certificates'),
      check: async (probe) => {
        const ca = probe.known('ca')
        await probe.change('ActiveCaCertificate', ca)
        requireStatus(await probe.fields(ca), '1')
      },
    },
    {
      id: 'activate-again',
      statement: 'It is not an error to activate an active CA.',
      source: ASSUMED,
      check: (probe) => probe.change('ActiveCaCertificate', probe.known('ca')),
    },
    {
      id: 'delete-active',
      statement: 'A CA can be deleted while it is active.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.known('ca')
        const answer = await probe.client.call('DeleteCaCertificate', { Sn: ca.sn })
        if (answer.code !== undefined) {
          await probe.client.call('InactivateCaCertificate', { Sn: ca.sn })
          requireSuccess(await probe.client.call('DeleteCaCertificate', { Sn: ca.sn }))
        }
        probe.learn('deletedCa', ca)
        requireSuccess(answer)
      },
    },
    {
      id: 'gone-at-once',
      statement: 'A deleted CA is gone at once, from `GetCaCertificate` and from the list.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.known('deletedCa')
        await probe.expectAtOnce('gone', async () => {
          return !(await probe.isSeen(ca)) && !(await probe.list()).some((fields) => isAbout(fields, ca))
        })
      },
    },
    {
      id: 'code-after-deletion',
      statement: 'A used code stays used after its CA is deleted.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.known('deletedCa')
        const verification = await verify(probe.known('code'), ca)
        await probe.expectRefusedRegistration(ca, verification, { code: 'RegisterCodeUsed' })
      },
    },
    {
      id: 'register-again',
      statement: 'A deleted CA can be registered again, with another code.',
      source: ASSUMED,
      check: async (probe) => {
        const ca = probe.known('deletedCa')
        requireSuccess(await probe.register(ca, await verify(await probe.code(), ca)))
        await probe.change('DeleteCaCertificate', ca)
      },
    },
    {
      id: 'delete-inactive',
      statement: 'A CA can be deleted while it is inactive.',
      source: documented('CA certificates'),
      check: async (probe) => {
        const ca = probe.known('secondCa')
        await probe.change('InactivateCaCertificate', ca)
        await probe.change('DeleteCaCertificate', ca)
        requireThat(!(await probe.isSeen(ca)), 'the service still shows it')
      },
    },
  ],
}

function unknownSn(operation: string, source: Entry['source']): Entry {
  return {
    id: `unknown-sn-${operation}`,
    statement: `An unknown serial number is \`FindCaBySnError\` for \`${operation}\`.`,
    source,
    check: async ({ client, unknownSn: Sn }) => {
      requireCode(await client.call(operation, { Sn }), 'FindCaBySnError')
    },
  }
}
