import { isSameSerialNumber } from '../../src/certificates/certificate.ts'
import { ASSUMED, documented, NotReached, type Part } from '../entry.ts'
import { isAbout, MAX_PAGE_SIZE, requireCode, requireThat, type Fields, type OwnCa } from '../probe.ts'

/** The list of the CAs of an instance. */
export const LISTS: Part = {
  title: 'Lists',
  entries: [
    {
      id: 'listed-at-once',
      statement: 'A registered CA is in the list at once.',
      source: ASSUMED,
      check: async (probe) => {
        const cas = [probe.known('ca'), probe.known('secondCa')]
        await probe.expectAtOnce('in the list', async () => {
          const all = await probe.list()
          return cas.every((ca) => indexOf(all, ca) >= 0)
        })
      },
    },
    {
      id: 'list-fields',
      statement: 'The list shows the same fields as `GetCaCertificate`.',
      source: documented('ListCaCertificate'),
      check: async (probe) => {
        const ca = probe.known('ca')
        const names = (fields: Fields) => Object.keys(fields).sort().join(', ')
        const listed = (await probe.list()).find((fields) => isAbout(fields, ca))
        if (listed === undefined) throw new NotReached('the CA is not in the list')
        requireThat(
          names(listed) === names(await probe.fields(ca)),
          `the list has the fields ${names(listed)}`,
        )
      },
    },
    {
      id: 'list-order',
      statement: 'The order of the list is that of registration.',
      source: ASSUMED,
      check: async (probe) => {
        const all = await probe.list()
        const [first, second] = [indexOf(all, probe.known('ca')), indexOf(all, probe.known('secondCa'))]
        if (first < 0 || second < 0) throw new NotReached('the CAs are not in the list')
        const found = `the CA that was registered first is ${Math.abs(first - second)} after the second`
        requireThat(first < second, found)
      },
    },
    {
      id: 'list-pages',
      statement: 'The list has pages from 1, and a page shows the CAs that its number and size say.',
      source: documented('ListCaCertificate'),
      check: async (probe) => {
        const all = await probe.list()
        const index = indexOf(all, probe.known('ca'))
        if (index < 0) throw new NotReached('the CA is not in the list')
        const { cas } = await probe.page(index + 1, 1)
        const isIt = cas.length === 1 && cas.every((fields) => isAbout(fields, probe.known('ca')))
        requireThat(isIt, `page ${index + 1} of size 1 shows ${cas.length} CAs, or another one`)
      },
    },
    {
      id: 'list-page-zero',
      statement: 'Page 0 is `ParameterFieldCheckFailed`.',
      source: ASSUMED,
      check: async ({ client }) => {
        const query = { PageNo: '0', PageSize: '1' }
        requireCode(await client.call('ListCaCertificate', query), 'ParameterFieldCheckFailed')
      },
    },
    {
      id: 'list-page-size',
      statement: 'A page has at most 100 CAs. A larger size is `ParameterFieldCheckFailed`.',
      source: documented('ListCaCertificate'),
      check: async ({ client }) => {
        const query = { PageNo: '1', PageSize: String(MAX_PAGE_SIZE + 1) }
        requireCode(await client.call('ListCaCertificate', query), 'ParameterFieldCheckFailed')
      },
    },
    {
      id: 'list-total',
      statement: '`Total` is the number of pages.',
      source: documented('ListCaCertificate'),
      check: async (probe) => {
        const count = (await probe.list()).length
        if (count < 2) throw new NotReached('the list has fewer than two CAs')
        // With this size, the numbers of pages and of CAs differ.
        const { Total } = (await probe.page(1, 2)).data
        const found = Number(Total) === count ? 'the number of CAs' : 'neither that nor the number of CAs'
        requireThat(Number(Total) === Math.ceil(count / 2), `it is ${found}`)
      },
    },
  ],
}

function indexOf(all: readonly Fields[], { sn }: OwnCa): number {
  return all.findIndex((fields) => isSameSerialNumber(String(fields['Sn']), sn))
}
