import { BlockList, isIP } from 'node:net'

/** A host and a port, as in a URL; an IPv6 address without its brackets. */
export type Destination = { readonly hostname: string; readonly port: number }

type Rule = (to: Destination) => boolean

/**
 * Reads `NO_PROXY`: entries between commas or white space, in either case.
 *
 * | entry | stands for |
 * | --- | --- |
 * | `*` | every host |
 * | `example.com` | that host and the hosts below it |
 * | `.example.com`, `*.example.com` | the hosts below it |
 * | `10.1.2.3`, `fd00::1`, `[fd00::1]` | that address |
 * | `10.0.0.0/8`, `fd00::/8`, `10.0.0.1-10.0.0.9` | every address in it; names are not resolved for it |
 *
 * All but the blocks and ranges can end in `:port`. This machine itself is never reached through a proxy.
 *
 * @returns whether a host is reached without a proxy
 */
export function readNoProxy(text: string): Rule {
  const rules = [
    isLoopback,
    ...text
      .toLowerCase()
      .split(/[\s,]+/)
      .filter(Boolean)
      .map(ruleOf),
  ]
  return ({ hostname, port }) => {
    const to = { hostname: plainName(hostname), port }
    return rules.some((rule) => rule(to))
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8)
LOOPBACK.addAddress('::1', 'ipv6')

function isLoopback({ hostname }: Destination): boolean {
  return hostname === 'localhost' || isIn(LOOPBACK, hostname)
}

function ruleOf(entry: string): Rule {
  if (entry === '*') return () => true
  const addresses = addressesOf(entry)
  if (addresses !== undefined) return ({ hostname }) => isIn(addresses, hostname)
  const [, name = entry, port] = /^(.*):(\d{1,5})$/.exec(entry) ?? []
  const isPort = (to: Destination): boolean => port === undefined || Number(port) === to.port
  const address = addressesOf(name)
  if (address !== undefined) return (to) => isPort(to) && isIn(address, to.hostname)
  if (name === '*') return isPort
  const bare = plainName(name).replace(/^\*/, '')
  const below = bare.startsWith('.') ? bare : `.${bare}`
  return (to) =>
    isPort(to) && isIP(to.hostname) === 0 && (to.hostname === bare || to.hostname.endsWith(below))
}

/** The addresses that an entry stands for; `undefined` when it is none, and no block nor range of them. */
function addressesOf(entry: string): BlockList | undefined {
  const list = new BlockList()
  const [, first = entry, separator, last = ''] = /^([^/-]+)([/-])([^/-]+)$/.exec(entry) ?? []
  const from = plainName(first)
  const family = familyOf(from)
  if (family === undefined) return undefined
  try {
    if (separator === '/') list.addSubnet(from, /^\d{1,3}$/.test(last) ? Number(last) : NaN, family)
    else if (separator === '-') list.addRange(from, plainName(last), family)
    else list.addAddress(from, family)
    return list
  } catch {
    // A block of more bits than the address has, a range that ends before it begins: it stands for nothing.
    return new BlockList()
  }
}

function isIn(addresses: BlockList, hostname: string): boolean {
  const family = familyOf(hostname)
  return family !== undefined && addresses.check(hostname, family)
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  return ({ 4: 'ipv4', 6: 'ipv6' } as const)[isIP(address)]
}

/** In lower case, without the brackets of an address and the dot at the end of a name. */
function plainName(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}
