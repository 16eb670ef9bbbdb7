import { X509Certificate } from 'node:crypto'
import type { Ca } from './cas.ts'

/**
 * Many CAs at little cost, for lists. Serial numbers differ; the certificate is one and the same.
 *
 * @param instance its place among the instances, so that no serial number is on two of them
 * @param pem any certificate
 */
export function generateCas(count: number, instance: number, pem: string): Ca[] {
  const { validFromDate, validToDate } = new X509Certificate(pem)
  return Array.from({ length: count }, (_, index) => ({
    sn: `7f${hex(instance)}${hex(index)}`,
    name: `generated-${index + 1}`,
    registrationCode: `00000000-0000-0000-0000-${hex(instance).slice(4)}${hex(index)}0000000000`,
    content: pem,
    verificationContent: pem,
    validBegin: validFromDate,
    validEnd: validToDate,
    isActive: true,
  }))
}

/** Eight digits. */
function hex(number: number): string {
  return number.toString(16).padStart(8, '0')
}
