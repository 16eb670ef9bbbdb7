import { readFileSync } from 'node:fs'
import { getCACertificates } from 'node:tls'
import { getSystemErrorMessage } from 'node:util'

/**
 * Returns why Node trusts no certificate of the file in `NODE_EXTRA_CA_CERTS`; `undefined` if it trusts one, or the
 * variable is unset. Node reads the file once, and reports a problem only on standard error.
 */
export function extraCaProblem(file: string | undefined): string | undefined {
  if (!file || getCACertificates('extra').length > 0) return undefined
  try {
    readFileSync(file)
    return 'it contains no PEM certificate'
  } catch (error) {
    const { code, errno } = error as NodeJS.ErrnoException
    return errno === undefined ? String(code) : `${getSystemErrorMessage(errno)} (${code})`
  }
}
