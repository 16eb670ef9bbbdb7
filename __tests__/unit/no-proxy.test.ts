import { describe, expect, it } from '@jest/globals'
import { readNoProxy } from '../../src/attempts/no-proxy.ts'

type Row = readonly [entry: string, hostname: string, port: number, isBypassed: boolean]

function rows(entry: string, hosts: Readonly<Record<string, boolean>>): Row[] {
  return Object.entries(hosts).map(([host, isBypassed]) => {
    const { hostname, port } = new URL(`https://${host}`)
    return [entry, hostname, Number(port) || 443, isBypassed]
  })
}

describe('NO_PROXY', () => {
  it.each([
    ...rows('*', { 'mqtt.example': true, '10.1.2.3': true, '[fd00::1]': true }),
    ...rows('mqtt.example', {
      'mqtt.example': true,
      'a.b.mqtt.example': true,
      'mqtt.example.': true,
      'amqtt.example': false,
      example: false,
      'mqtt.example.org': false,
    }),
    ...rows('.mqtt.example', { 'a.mqtt.example': true, 'mqtt.example': false, 'amqtt.example': false }),
    ...rows('*.mqtt.example', { 'a.mqtt.example': true, 'mqtt.example': false, 'amqtt.example': false }),
    ...rows('MQTT.Example.', { 'mqtt.example': true, 'a.mqtt.example': true }),
    ...rows('mqtt-1.example', { 'mqtt-1.example': true }),
    ...rows('mqtt.example:8443', {
      'mqtt.example:8443': true,
      'a.mqtt.example:8443': true,
      'mqtt.example': false,
    }),
    ...rows('.mqtt.example:443', { 'a.mqtt.example': true, 'a.mqtt.example:8443': false }),
    ...rows('*:8443', { 'mqtt.example:8443': true, 'mqtt.example': false }),
    ...rows('10.0.0.0/0x8', { '10.0.0.1': false }),
    ...rows('10.0.0.0/', { '10.0.0.1': false }),
    ...rows('10.1.2.3', { '10.1.2.3': true, '10.1.2.4': false, 'a.10.1.2.example': false }),
    ...rows('10.1.2.3:8443', { '10.1.2.3:8443': true, '10.1.2.3': false }),
    ...rows('2.3', { '10.1.2.3': false }),
    ...rows('.2.3', { '10.1.2.3': false }),
    ...rows('fd00::1', { '[fd00::1]': true, '[fd00::2]': false }),
    ...rows('FD00:0:0::0001', { '[fd00::1]': true }),
    ...rows('[fd00::1]', { '[fd00::1]': true }),
    ...rows('[fd00::1]:8443', { '[fd00::1]:8443': true, '[fd00::1]': false }),
    ...rows('10.0.0.0/8', { '10.255.1.2': true, '11.0.0.1': false, 'ten.example': false }),
    ...rows('fd00::/8', { '[fdff::1]': true, '[fe00::1]': false, '10.0.0.1': false }),
    ...rows('10.0.0.1-10.0.0.9', { '10.0.0.1': true, '10.0.0.9': true, '10.0.0.10': false }),
    ...rows('fd00::1-fd00::9', { '[fd00::5]': true, '[fd00::a]': false }),
    ...rows('10.0.0.1', { '[::ffff:10.0.0.1]': true }),
  ])('%s: to %s, port %i: %s', (entry, hostname, port, isBypassed) => {
    expect(readNoProxy(entry)({ hostname, port })).toBe(isBypassed)
  })

  it.each([
    'a.example,mqtt.example',
    ' a.example , mqtt.example ',
    'a.example mqtt.example',
    'a.example\n\tmqtt.example,',
    ',,mqtt.example',
  ])('can contain several entries: %j', (text) => {
    expect(readNoProxy(text)({ hostname: 'mqtt.example', port: 443 })).toBe(true)
    expect(readNoProxy(text)({ hostname: 'b.example', port: 443 })).toBe(false)
  })

  it.each(['', 'other.example', '10.0.0.0/8'])('is not needed for this machine: %j', (text) => {
    const isBypassed = readNoProxy(text)
    for (const hostname of [
      'localhost',
      'LocalHost.',
      '127.0.0.1',
      '127.9.9.9',
      '::1',
      '[::1]',
      '::ffff:7f00:1',
    ]) {
      expect({ hostname, isBypassed: isBypassed({ hostname, port: 443 }) }).toEqual({
        hostname,
        isBypassed: true,
      })
    }
  })

  it.each([
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8.5',
    '10.0.0.0/a',
    '10.0.0.0/',
    'fd00::/129',
    '10.0.0.9-10.0.0.1',
    '10.0.0.1-fd00::1',
    '10.0.0.1-',
    '10.0.0.0/8:443',
    'http://mqtt.example',
    'mqtt.example:',
    'mqtt.example:https',
    ':443',
    '.',
    '[',
    '[]',
    '::::',
    '%',
    '999.1.1.1',
  ])('ignores an invalid entry: %s', (entry) => {
    const isBypassed = readNoProxy(entry)
    for (const hostname of ['10.0.0.5', 'fd00::5', 'mqtt.example']) {
      expect({ hostname, isBypassed: isBypassed({ hostname, port: 443 }) }).toEqual({
        hostname,
        isBypassed: false,
      })
    }
  })
})
