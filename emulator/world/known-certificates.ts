import { randomUUID, X509Certificate } from 'node:crypto'
import { commonNameOf, describe, isIssuedBy, type Ca, type Device } from './certificates.ts'
import type { CaEntry, DeviceEntry } from './config.ts'
import { digits } from './random.ts'
import { ShapeError } from './shape.ts'
import type { World } from './world.ts'

/**
 * Makes the CAs and device certificates that an instance knows from the start. An entry without a certificate has no
 * content.
 *
 * @param path of the instance in the config, for errors
 * @throws ShapeError if a certificate cannot be parsed, or its CA is not known
 */
export function knownCertificates(
  entry: { caCertificates?: CaEntry[] | undefined; deviceCertificates?: DeviceEntry[] | undefined },
  spelling: World['snSpelling'],
  path: string,
): { readonly cas: readonly Ca[]; readonly devices: readonly Device[] } {
  const issuers: { readonly sn: string; readonly certificate: X509Certificate }[] = []
  const read = (pem: string, place: string) => {
    const certificate = parse(pem, place)
    return { certificate, fields: describe(certificate, spelling) }
  }

  const cas = (entry.caCertificates ?? []).map((one, index): Ca => {
    const common = {
      registrationCode: `${randomUUID()}${digits(10)}`,
      isActive: one.status !== 'inactive',
      listedFromMs: 0,
    }
    if (!('certificate' in one)) {
      const { sn, caName: name, validBegin, validEnd } = one
      return { sn, name, validBegin, validEnd, content: '', verificationContent: '', ...common }
    }
    const { certificate, fields } = read(one.certificate, `${path}.caCertificates[${index}]`)
    issuers.push({ sn: fields.sn, certificate })
    const name = one.caName ?? commonNameOf(certificate)
    return { ...fields, name, verificationContent: fields.content, ...common }
  })

  const devices = (entry.deviceCertificates ?? []).map((one, index): Device => {
    const isActive = one.status !== 'inactive'
    if (!('certificate' in one)) {
      const { caSn, deviceSn: sn, deviceName: name, validBegin, validEnd } = one
      return { caSn, sn, name, validBegin, validEnd, content: '', isActive }
    }
    const place = `${path}.deviceCertificates[${index}]`
    const { certificate, fields } = read(one.certificate, place)
    const caSn = one.caSn ?? issuers.find((ca) => isIssuedBy(certificate, ca.certificate))?.sn
    if (caSn === undefined)
      throw new ShapeError(`${place} needs a caSn: none of caCertificates issued its certificate`)
    return { ...fields, caSn, name: commonNameOf(certificate), isActive }
  })
  return { cas, devices }
}

function parse(pem: string, place: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch {
    throw new ShapeError(`${place}.certificate must be a certificate in PEM`)
  }
}
