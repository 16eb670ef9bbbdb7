import type { IncomingMessage } from 'node:http'

/** The names of loopback, where the emulator listens. */
const NAMES = ['127.0.0.1', 'localhost', '[::1]']
/** What a browser sends for a page of the emulator itself, and for an address that its user types. */
const OWN_SITES = ['same-origin', 'none']
/** Clients leave this port out of an address. */
const DEFAULT_PORT = 443

/**
 * Says why a request is not meant for the emulator itself. Returns `undefined` if it is.
 *
 * A web page can send requests to loopback, across sites or under a domain of its own that resolves to 127.0.0.1 (DNS
 * rebinding). The browser shows this in these headers, which a page cannot change.
 *
 * @param port the one that the emulator listens on
 */
export function whyForeign(headers: IncomingMessage['headersDistinct'], port: number): string | undefined {
  const hosts = NAMES.flatMap((name) =>
    port === DEFAULT_PORT ? [name, `${name}:${port}`] : [`${name}:${port}`],
  )
  // A header that is sent twice becomes a text that equals no allowed value.
  const sent = (name: string): string | undefined => headers[name]?.join(', ')
  const host = sent('host') ?? ''
  if (!hosts.includes(host.toLowerCase())) return invalid('Host', host, `Use one of: ${hosts.join(', ')}.`)

  const origin = sent('origin')
  if (origin !== undefined && !hosts.some((own) => origin === `https://${own}`))
    return invalid('Origin', origin, 'A page of another origin must not control the emulator.')

  const site = sent('sec-fetch-site')
  if (site !== undefined && !OWN_SITES.includes(site))
    return invalid('Sec-Fetch-Site', site, 'A page of another origin must not control the emulator.')
  return undefined
}

function invalid(header: string, value: string, fix: string): string {
  return `Invalid ${header} header for a control path: "${value}". ${fix}`
}
