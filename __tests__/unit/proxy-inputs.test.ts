import { describe, expect, it } from '@jest/globals'
import { readProxy } from '../../src/actions/proxy-inputs.ts'
import { routeTo } from '../../src/attempts/proxy.ts'
import { ActionError } from '../../src/errors.ts'
import { withEnvironment } from '../support/in-process.ts'

async function read(env: Record<string, string>) {
  const { result, thrown, stdout } = await withEnvironment(env, () => readProxy(process.env))
  const error = thrown instanceof ActionError ? thrown.describe((text) => text) : undefined
  return { proxy: result, error, masks: stdout.split('\n').filter(Boolean) }
}

describe('the proxy', () => {
  it('is none when the environment names none', async () => {
    expect(await read({ HTTP_PROXY: 'http://other:1' })).toEqual({
      proxy: undefined,
      error: undefined,
      masks: [],
    })
  })

  it.each([
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128', 'proxy:3128', ''],
    [{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:2' }, 'http://lower:2', 'lower:2', ''],
    [{ https_proxy: '', HTTPS_PROXY: 'proxy' }, 'http://proxy', 'proxy:80', ''],
    [{ HTTPS_PROXY: ' https://proxy/ ' }, 'https://proxy/', 'proxy:443', ''],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a', no_proxy: 'b' }, 'http://p:1', 'p:1', 'b,.b'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a' }, 'http://p:1', 'p:1', 'a,.a'],
    [{ HTTPS_PROXY: 'http://p:1', NO_PROXY: 'a, .b  *' }, 'http://p:1', 'p:1', 'a,.b,*,.a'],
  ])('of %j', async (env, url, host, noProxy) => {
    const loopback = 'localhost,127.0.0.1,::1,[::1]'
    expect((await read(env)).proxy).toEqual({
      url,
      host,
      noProxy: [noProxy, loopback].filter(Boolean).join(','),
    })
  })

  it('has its password masked, as it is written and as it is meant, and out of what is shown', async () => {
    const { proxy, masks } = await read({ HTTPS_PROXY: 'http://user:p%40ss%2Fword@proxy:3128' })
    expect(masks).toEqual(['::add-mask::p%2540ss%252Fword', '::add-mask::p@ss/word'])
    expect(proxy?.host).toBe('proxy:3128')
  })

  it('may have a password that is no percent-encoding', async () => {
    const { proxy, masks } = await read({ HTTPS_PROXY: 'http://user:100%@proxy:3128' })
    expect(masks).toContain('::add-mask::100%25')
    expect(proxy?.host).toBe('proxy:3128')
  })

  it.each(['socks5://user:hidden@proxy:1', 'shttp://proxy:1', 'http://', 'http://user:hidden@:x'])(
    'is refused without being shown: %s',
    async (value) => {
      const { error, masks } = await read({ HTTPS_PROXY: value })
      expect(masks).toHaveLength(value.startsWith('socks5') ? 2 : 0)
      expect(error).toMatch(/^HTTPS_PROXY is no proxy that can be used.*http:\/\/user:password@host:port/)
      expect(error).not.toContain('hidden')
    },
  )
})

describe('the way to a host', () => {
  const proxy = { url: 'http://user:word@proxy:3128', host: 'proxy:3128', noProxy: '' }

  it.each([
    ['mqtt.example:443', proxy, 'mqtt.example:443, through the proxy proxy:3128'],
    ['mqtt.example', undefined, 'mqtt.example'],
    ['inside.example', proxy, 'inside.example'],
  ])('to %s is told without the password of the proxy', async (host, through, route) => {
    const { result } = await withEnvironment({ NO_PROXY: 'inside.example' }, () => routeTo(host, through))
    expect(result).toBe(route)
  })
})
