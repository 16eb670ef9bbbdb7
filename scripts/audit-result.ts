/** What `npm audit --json` says. */
export type AuditResult =
  | { readonly kind: 'answered'; readonly findings: readonly string[] }
  | { readonly kind: 'unanswered'; readonly why: string }

type Report = {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>
  readonly message?: string
}

/** Reads it. Its exit code is 1 for a vulnerability and for a registry that did not answer alike. */
export function auditResult(json: string): AuditResult {
  const { vulnerabilities, message } = parsed(json)
  if (vulnerabilities === undefined) return { kind: 'unanswered', why: message ?? 'no report' }
  return {
    kind: 'answered',
    findings: Object.entries(vulnerabilities).map(
      ([name, { severity, range }]) => `${name} ${range}: ${severity}`,
    ),
  }
}

function parsed(json: string): Report {
  try {
    return (JSON.parse(json) as Report | null) ?? {}
  } catch {
    return {}
  }
}
