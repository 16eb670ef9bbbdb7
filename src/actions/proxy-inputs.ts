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
    noProxy: [env['no_proxy'], env['NO_PROXY']].find(Boolean) ?? '',
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
