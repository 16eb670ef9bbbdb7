import { BlockList, isIP } from 'node:net'

/** A host and a port, as in a URL; an IPv6 address without its brackets. */
export type Destination = { readonly hostname: string; readonly port: number }

type Rule = (to: Destination) => boolean

/**
 * Parses `NO_PROXY`: entries separated by commas or white space; letter case does not matter.
 *
 * | entry | matches |
 * | --- | --- |
 * | `*` | every host |
 * | `example.com` | that host and its subdomains |
 * | `.example.com`, `*.example.com` | its subdomains |
 * | `10.1.2.3`, `fd00::1`, `[fd00::1]` | that address |
 * | `10.0.0.0/8`, `fd00::/8`, `10.0.0.1-10.0.0.9` | every address in it; names are not resolved |
 *
 * All but blocks and ranges can end in `:port`. Loopback addresses always match.
 *
 * @returns a function that tells whether a host is reached directly
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

/** Returns the addresses that an entry matches; `undefined` if it is not an address, block or range. */
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
    // A block of more bits than the address has, or a range that ends before it begins, matches nothing.
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

/** Returns a host in lower case, without the brackets of an IPv6 address or the dot at the end of a name. */
function plainName(hostname: string): string {
  return hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
}
