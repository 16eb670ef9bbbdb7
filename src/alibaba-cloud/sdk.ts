import https from 'node:https'
import { agentFor, type Proxy } from '../attempts/proxy.ts'

/**
 * Loads Alibaba Cloud's SDK after the process is prepared for it. Only this file imports the SDK.
 *
 * - With `DEBUG=*`, its HTTP library prints request headers, which contain the signature and the security token. It
 *   reads the variable when it is loaded.
 * - It ignores its own proxy options. Its HTTP library creates its agent when it is loaded, so the agent class must
 *   connect through the proxy by then.
 *
 * @param proxy of the first call, because the agent is created once
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

/** Loads the part of the SDK that looks for access keys, after the same preparation. */
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

/** Makes every new HTTPS agent use the proxy. Returns a function that undoes this. */
function replaceAgent(proxy: Proxy): () => void {
  const { Agent } = https
  Object.assign(https, { Agent: agentFor(proxy) })
  return () => {
    Object.assign(https, { Agent })
  }
}
