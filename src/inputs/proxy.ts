import { readNoProxy } from '../attempts/no-proxy.ts'
import type { Proxy } from '../attempts/proxy.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'

const SCHEME = /^[a-z][a-z\d+.-]{0,20}:\/\//i
/** Far longer than a host with user and password. */
const MAX_LENGTH = 4096

/**
 * Reads the proxy for HTTPS from the environment, `https_proxy` before `HTTPS_PROXY`, and the hosts that are reached
 * without it, `no_proxy` before `NO_PROXY`. The only place that reads these variables.
 *
 * @throws ActionError when the URL is invalid. It is not shown: an invalid one can contain a password anywhere.
 */
export function readProxy(env: NodeJS.ProcessEnv): Proxy | undefined {
  // Both passwords, before anything is validated.
  for (const name of ['https_proxy', 'HTTPS_PROXY']) maskPassword((env[name] ?? '').trim())
  const { name, value } = firstSet(env, ['https_proxy', 'HTTPS_PROXY'])
  if (value === '') return undefined
  // Like curl, which assumes http:// when there is no scheme.
  const text = SCHEME.test(value) ? value : `http://${value}`
  const url = text.length <= MAX_LENGTH && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw invalidProxy(name, 'is not a valid proxy URL')
  // A password that contains one of these characters ends there, and its first part would be shown as the port.
  if (url.pathname !== '/' || /[?#]/.test(value)) {
    throw invalidProxy(name, 'is not a valid proxy URL: it has a path, a query or a fragment')
  }
  if (decoded(url.username) === undefined || decoded(url.password) === undefined) {
    throw invalidProxy(name, 'is not a valid proxy URL: its user or password contains an unencoded %')
  }
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  const noProxy = firstSet(env, ['no_proxy', 'NO_PROXY']).value
  return {
    url: url.href,
    host: `${url.hostname}:${port}`,
    variable: name,
    isBypassed: readNoProxy(noProxy),
  }
}

/** Returns the variable that sets a proxy for other requests than those to HTTPS hosts; `undefined` if there is none. */
export function unusedProxyVariable(env: NodeJS.ProcessEnv): string | undefined {
  return ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'].find((name) => env[name]?.trim())
}

function firstSet(env: NodeJS.ProcessEnv, names: readonly [string, string]): { name: string; value: string } {
  const name = names.find((candidate) => env[candidate]?.trim()) ?? names[1]
  return { name, value: (env[name] ?? '').trim() }
}

/** Masks what stands between the first colon and the last `@`, encoded and decoded. */
function maskPassword(value: string): void {
  const start = SCHEME.exec(value)?.[0].length ?? 0
  const userInfo = value.slice(start, Math.max(start, value.lastIndexOf('@')))
  const colon = userInfo.indexOf(':')
  if (colon === -1) return
  const password = userInfo.slice(colon + 1)
  for (const spelling of new Set([password, decoded(password) ?? password])) mask(spelling)
}

function invalidProxy(name: string, problem: string): ActionError {
  return new ActionError({
    what: `${name} ${problem}`,
    fix:
      'Use http://host:port or http://user:password@host:port. Percent-encode special characters of user and ' +
      'password: % as %25, # as %23, / as %2F, ? as %3F, @ as %40, : as %3A.',
  })
}

/** `undefined` when the percent-encoding is invalid. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}
