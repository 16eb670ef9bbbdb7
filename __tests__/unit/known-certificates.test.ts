import { describe, expect, it } from '@jest/globals'
import { parseConfig } from '../../emulator/world/config.ts'
import { makeWorld } from '../../emulator/world/make-world.ts'
import { makeCa, makeLeaf } from '../../testing/certificates.ts'
import { snOf } from '../../testing/registered-cas.ts'

const ca = await makeCa()
const device = await makeLeaf({ issuer: ca })
const namesake = await makeCa()

const instanceWith = (instance: object) =>
  makeWorld(parseConfig(JSON.stringify({ instances: [instance] }))).defaults.instance
const validity = { validBegin: '0', validEnd: '1' }

describe('the certificates of a config', () => {
  it('belong to the CA that issued them, or to the one that is named', () => {
    const caCertificates = [{ certificate: namesake.pem }, { certificate: ca.pem }]
    const { devices } = instanceWith({
      caCertificates,
      deviceCertificates: [{ certificate: device.pem }, { certificate: device.pem, caSn: '01' }],
    })
    expect(devices.map(({ caSn }) => caSn)).toEqual([snOf(ca), '01'])
  })

  it.each<[string, object, RegExp]>([
    [
      'from an unknown CA',
      { caCertificates: [{ certificate: namesake.pem }], deviceCertificates: [{ certificate: device.pem }] },
      /^instances\[0\]\.deviceCertificates\[0\] needs a caSn: none of caCertificates issued its certificate$/,
    ],
    [
      'that are no PEM',
      { caCertificates: [{ certificate: 'MII' }] },
      /^instances\[0\]\.caCertificates\[0\]\.certificate must be a certificate in PEM$/,
    ],
    [
      'without a serial number',
      { deviceCertificates: [{ caSn: '01', deviceName: 'a', ...validity }] },
      /^instances\[0\]\.deviceCertificates\[0\]\.deviceSn is missing$/,
    ],
    [
      'of an unknown status',
      { caCertificates: [{ sn: '01', caName: 'a', ...validity, status: '1' }] },
      /^instances\[0\]\.caCertificates\[0\]\.status must be \("active" \| "inactive"\)$/,
    ],
    [
      'with keys of both kinds',
      { deviceCertificates: [{ certificate: device.pem, deviceSn: '01' }] },
      /^instances\[0\]\.deviceCertificates\[0\]\.deviceSn is not a known key$/,
    ],
  ])('are refused %s', (_, instance, reason) => {
    expect(() => instanceWith(instance)).toThrow(reason)
  })
})
