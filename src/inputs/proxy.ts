import { readNoProxy } from '../attempts/no-proxy.ts'
import type { Proxy } from '../attempts/proxy.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'

/**
 * Reads which proxy the environment names for HTTPS, `https_proxy` before `HTTPS_PROXY`, and the hosts that are reached
 * without it, `no_proxy` before `NO_PROXY`. The only place that reads them.
 *
 * @throws ActionError when it is no proxy that can be used. The value is not shown, as a password may stand anywhere in
 * one that cannot be read.
 */
export function readProxy(env: NodeJS.ProcessEnv): Proxy | undefined {
  const [name, value] = firstOf(env, ['https_proxy', 'HTTPS_PROXY'])
  // That of the one that is not used, too.
  for (const other of ['https_proxy', 'HTTPS_PROXY']) maskPassword((env[other] ?? '').trim())
  if (value === '') return undefined
  // Without a scheme, as curl takes it too.
  const text = SCHEME.test(value) ? value : `http://${value}`
  const url = text.length <= MAX_LENGTH && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw unusable(name, 'is no proxy that can be used')
  // The rest of a password with one of these characters in it, of which the first letters would be shown as the port.
  if (url.pathname !== '/' || /[?#]/.test(value)) throw unusable(name, 'has a path, a query or a fragment')
  if (!isPercentEncoded(url.username) || !isPercentEncoded(url.password)) {
    throw unusable(name, 'has a % in its user or password that begins no percent-encoding')
  }
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const [, noProxy] = firstOf(env, ['no_proxy', 'NO_PROXY'])
  return { url: url.href, host: `${url.hostname}:${port}`, isBypassed: readNoProxy(noProxy) }
}

const SCHEME = /^[a-z][a-z\d+.-]{0,20}:\/\//i
/** Far beyond a host with user and password. */
const MAX_LENGTH = 4096

function firstOf(env: NodeJS.ProcessEnv, names: readonly [string, string]): [name: string, value: string] {
  const name = names.find((candidate) => env[candidate]?.trim()) ?? names[1]
  return [name, (env[name] ?? '').trim()]
}

/** As it is written and as it is meant, and before anything is judged: what stands before the last `@`, after a colon. */
function maskPassword(value: string): void {
  const start = SCHEME.exec(value)?.[0].length ?? 0
  const userInfo = value.slice(start, Math.max(start, value.lastIndexOf('@')))
  const colon = userInfo.indexOf(':')
  if (colon === -1) return
  const password = userInfo.slice(colon + 1)
  for (const spelling of new Set([password, decoded(password) ?? password])) mask(spelling)
}

function unusable(name: string, what: string): ActionError {
  return new ActionError({
    what: `${name} ${what}`,
    fix:
      'It takes http://host:port or http://user:password@host:port. Percent-encode special characters of user and ' +
      'password: % as %25, # as %23, / as %2F, ? as %3F, @ as %40, : as %3A.',
  })
}

function isPercentEncoded(text: string): boolean {
  return decoded(text) !== undefined
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
