import type { Proxy } from '../attempts/proxy.ts'
import { ActionError } from '../errors.ts'
import { mask } from '../runner/masking.ts'

/**
 * Reads which proxy the environment names for HTTPS: `https_proxy` before `HTTPS_PROXY`, as Node and the toolkit do.
 *
 * @throws ActionError when it is no proxy that can be used
 */
export function readProxy(env: NodeJS.ProcessEnv): Proxy | undefined {
  const name = env['https_proxy'] ? 'https_proxy' : 'HTTPS_PROXY'
  const value = (env[name] ?? '').trim()
  if (value === '') return undefined
  // Without a scheme, as curl takes it too.
  const url = value.includes('://') ? value : `http://${value}`
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  mask(parsed?.password ?? '')
  mask(decoded(parsed?.password ?? ''))
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    // The value is not shown: what cannot be read as a URL may have a password anywhere.
    throw new ActionError({
      what: `${name} is no proxy that can be used`,
      cure: 'It takes http://host:port or http://user:password@host:port, special characters percent-encoded.',
    })
  }
  const port = parsed.port || (parsed.protocol === 'https:' ? '443' : '80')
  return {
    url,
    host: `${parsed.hostname}:${port}`,
    noProxy: forNode([env['no_proxy'], env['NO_PROXY']].find(Boolean) ?? ''),
  }
}

/**
 * Says to Node's agent what `NO_PROXY` says to the toolkit's client: a name stands for the hosts below it too, and a
 * loopback address is reached without a proxy.
 */
function forNode(noProxy: string): string {
  const names = noProxy.split(/[\s,]+/).filter(Boolean)
  const below = names.filter((name) => /^[^.*]/.test(name)).map((name) => `.${name}`)
  return [...names, ...below, 'localhost', '127.0.0.1', '::1', '[::1]'].join(',')
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
