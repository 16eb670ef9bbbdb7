import { describe, expect, it } from '@jest/globals'
import { proxyFor, routeTo } from '../../src/attempts/proxy.ts'
import { ActionError } from '../../src/errors.ts'
import { readProxy } from '../../src/inputs/proxy.ts'
import { withEnvironment } from '../support/in-process.ts'

async function read(env: Record<string, string>) {
  const { result, thrown, stdout } = await withEnvironment(env, () => readProxy(process.env))
  const error = thrown instanceof ActionError ? thrown.describe((text) => text) : undefined
  if (thrown !== undefined && error === undefined) throw new Error('no ActionError', { cause: thrown })
  return { proxy: result, error, masks: stdout.split('\n').filter(Boolean) }
}

describe('the proxy', () => {
  it('is optional', async () => {
    expect(await read({ HTTP_PROXY: 'http://other:1' })).toEqual({
      proxy: undefined,
      error: undefined,
      masks: [],
    })
  })

  it.each([
    [{ HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128/', 'proxy:3128'],
    [{ HTTPS_PROXY: 'http://upper:1', https_proxy: 'http://lower:2' }, 'http://lower:2/', 'lower:2'],
    [{ https_proxy: ' ', HTTPS_PROXY: 'proxy' }, 'http://proxy/', 'proxy:80'],
    [{ HTTPS_PROXY: ' https://proxy/ ' }, 'https://proxy/', 'proxy:443'],
    [{ HTTPS_PROXY: 'HTTP://Proxy:3128' }, 'http://proxy:3128/', 'proxy:3128'],
    [{ HTTPS_PROXY: 'http://[::1]:3128' }, 'http://[::1]:3128/', '[::1]:3128'],
    [{ HTTPS_PROXY: 'user:word@proxy:3128' }, 'http://user:word@proxy:3128/', 'proxy:3128'],
  ])('of %j', async (env, url, host) => {
    const { proxy, error } = await read(env)
    expect(error).toBeUndefined()
    expect({ url: proxy?.url, host: proxy?.host }).toEqual({ url, host })
  })

  it.each([
    [{}, 'localhost', true],
    [{}, 'inside.example', false],
    [{ NO_PROXY: 'inside.example' }, 'inside.example', true],
    [{ NO_PROXY: 'inside.example' }, 'mqtt.example', false],
    [{ NO_PROXY: 'inside.example', no_proxy: 'mqtt.example' }, 'inside.example', false],
    [{ NO_PROXY: 'inside.example', no_proxy: 'mqtt.example' }, 'mqtt.example', true],
    [{ NO_PROXY: 'inside.example', no_proxy: ' ' }, 'inside.example', true],
  ])('with %j is bypassed for %s: %s', async (env, hostname, isBypassed) => {
    const { proxy } = await read({ HTTPS_PROXY: 'http://p:1', ...env })
    expect(proxy?.isBypassed({ hostname, port: 443 })).toBe(isBypassed)
  })

  it('has its password masked, encoded and decoded, and not shown in its host', async () => {
    const { proxy, masks } = await read({ HTTPS_PROXY: 'http://user:p%40ss%2Fword@proxy:3128' })
    expect(masks).toEqual(['::add-mask::p%2540ss%252Fword', '::add-mask::p@ss/word'])
    expect(proxy?.host).toBe('proxy:3128')
  })

  it('has a password with a colon masked completely', async () => {
    const { proxy, masks } = await read({ HTTPS_PROXY: 'http://user:one:two@proxy:3128' })
    expect(masks).toEqual(['::add-mask::one:two'])
    expect(proxy?.host).toBe('proxy:3128')
  })
})

describe('an invalid proxy URL', () => {
  const INVALID = /^HTTPS_PROXY is not a valid proxy URL\. Use http:\/\/host:port or /
  const WITH_A_PATH = /^HTTPS_PROXY is not a valid proxy URL: it has a path, a query or a fragment\. Use /
  const RAW_PERCENT =
    /^HTTPS_PROXY is not a valid proxy URL: its user or password contains an unencoded %\. .*% as %25/

  it.each([
    ['another protocol', 'socks5://user:HIDDEN@proxy:1', 'HIDDEN', INVALID],
    ['an unknown protocol', 'shttp://proxy:1', undefined, INVALID],
    ['no host', 'http://', undefined, INVALID],
    ['a port that is not a number', 'http://user:HIDDEN@:x', 'HIDDEN', INVALID],
    ['a port that is too large', 'user:HIDDEN@proxy:70000', 'HIDDEN', INVALID],
    ['white space in the host', 'http://user:HIDDEN@pro xy', 'HIDDEN', INVALID],
    ['a path', 'http://user:HIDDEN@proxy:3128/path', 'HIDDEN', WITH_A_PATH],
    ['a query', 'http://user:HIDDEN@proxy:3128?HIDDEN', 'HIDDEN', WITH_A_PATH],
    ['an empty query', 'http://user:HIDDEN@proxy:3128?', 'HIDDEN', WITH_A_PATH],
    ['a fragment', 'http://user:HIDDEN@proxy:3128#HIDDEN', 'HIDDEN', WITH_A_PATH],
    ['a password of digits, then a slash', 'http://user:12/HIDDEN@proxy:3128', '12/HIDDEN', WITH_A_PATH],
    ['a password of digits, then a #', 'http://user:12#HIDDEN@proxy:3128', '12#HIDDEN', WITH_A_PATH],
    ['a password of digits, then a ?', 'http://user:12?HIDDEN@proxy:3128', '12?HIDDEN', WITH_A_PATH],
    [
      'a password of digits, then a backslash',
      'http://user:12\\HIDDEN@proxy:3128',
      '12\\HIDDEN',
      WITH_A_PATH,
    ],
    ['a slash in the password', 'http://user:HIDDEN/more@proxy:3128', 'HIDDEN/more', INVALID],
    ['a raw %', 'http://user:HIDDEN%@proxy:3128', 'HIDDEN%25', RAW_PERCENT],
    ['a raw % before other letters', 'http://user:HIDDEN%zz@proxy:3128', 'HIDDEN%25zz', RAW_PERCENT],
    ['bytes that are not UTF-8', 'http://user:HIDDEN%ff@proxy:3128', 'HIDDEN%25ff', RAW_PERCENT],
    ['a raw % in the user', 'http://us%er:HIDDEN@proxy:3128', 'HIDDEN', RAW_PERCENT],
  ])('is refused without being shown, and its password is masked: %s', async (_, value, masked, message) => {
    const { error, masks, proxy } = await read({ HTTPS_PROXY: value })
    expect(proxy).toBeUndefined()
    expect(error).toMatch(message)
    expect(error).not.toMatch(/HIDDEN|more@|12/)
    expect(masks).toEqual(masked === undefined ? [] : [`::add-mask::${masked}`])
  })

  it('is reported under the name of its variable', async () => {
    expect((await read({ https_proxy: 'socks5://proxy' })).error).toMatch(
      /^https_proxy is not a valid proxy URL/,
    )
  })

  it('can have an @ in its password, because only the last one precedes the host', async () => {
    const { proxy, masks } = await read({ HTTPS_PROXY: 'http://user:p@ss@proxy:3128' })
    expect(masks).toEqual(['::add-mask::p@ss'])
    expect(proxy?.host).toBe('proxy:3128')
  })
})

describe('the route to a host', () => {
  const proxy = {
    url: 'http://user:word@proxy:3128',
    host: 'proxy:3128',
    variable: 'HTTPS_PROXY',
    isBypassed: ({ hostname, port }: { hostname: string; port: number }) =>
      hostname === 'inside.example' && port === 443,
  }

  it.each([
    ['mqtt.example:443', proxy, 'mqtt.example:443, through the proxy proxy:3128'],
    ['mqtt.example', undefined, 'mqtt.example'],
    ['inside.example', proxy, 'inside.example'],
    ['inside.example:443', proxy, 'inside.example:443'],
    ['Inside.example', proxy, 'Inside.example'],
    ['inside.example:8443', proxy, 'inside.example:8443, through the proxy proxy:3128'],
  ])('to %s is logged without the password of the proxy', (host, through, route) => {
    expect(routeTo(host, through)).toBe(route)
    expect(proxyFor(host, through)).toBe(route.includes('through') ? proxy : undefined)
  })
})
