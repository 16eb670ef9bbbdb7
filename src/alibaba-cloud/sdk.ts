import https from 'node:https'
import { agentFor, type Proxy } from '../attempts/proxy.ts'

/**
 * Loads Alibaba Cloud's SDK, once the process has been prepared for it. Only this file imports it.
 *
 * - `DEBUG`: with `DEBUG=*` its HTTP library prints request headers, the signature and the security token among
 *   them. It looks at the variable when it is loaded.
 * - It takes proxy options and ignores them. Its HTTP library makes its agent when it is loaded, so that is when the
 *   agent has to be one that tunnels.
 *
 * @param proxy of the first call: the agent is made once
 */
export async function loadSdk(proxy: Proxy | undefined) {
  const restore = prepare(proxy)
  try {
    // "eager" keeps the SDK in the bundle: nearly every run needs it, and one file loads faster than three.
    const openApi = await import(/* webpackMode: "eager" */ '@alicloud/openapi-client')
    const { RuntimeOptions } = await import(/* webpackMode: "eager" */ '@alicloud/tea-util')
    const { Config, Params, OpenApiRequest } = openApi
    return { Client: openApi.default.default, Config, Params, OpenApiRequest, RuntimeOptions }
  } finally {
    restore()
  }
}

/** Loads the part of the SDK that looks for access keys, prepared for in the same way. */
export async function loadCredentials(proxy: Proxy | undefined) {
  const restore = prepare(proxy)
  try {
    const credentials = await import('@alicloud/credentials')
    return new credentials.default.default()
  } finally {
    restore()
  }
}

function prepare(proxy: Proxy | undefined): () => void {
  delete process.env['DEBUG']
  return proxy === undefined ? () => undefined : replaceAgent(proxy)
}

/** Until it is undone, every HTTPS agent that is made goes through the proxy where it has to. */
function replaceAgent(proxy: Proxy): () => void {
  const { Agent } = https
  Object.assign(https, { Agent: agentFor(proxy) })
  return () => {
    Object.assign(https, { Agent })
  }
}
