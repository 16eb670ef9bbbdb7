/**
 * The actions of others that workflows here may use, and the inputs of them that are used. Another action, or another
 * input, is a finding until somebody has looked at it and written it down here.
 */
export const KNOWN_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  'actions/attest': ['subject-path', 'sbom-path'],
  'actions/checkout': ['fetch-depth', 'path', 'persist-credentials', 'ref', 'repository'],
  'actions/setup-go': ['cache', 'go-version'],
  'actions/setup-node': ['node-version', 'package-manager-cache'],
  'actions/setup-python': ['python-version'],
  'actions/upload-artifact': ['if-no-files-found', 'name', 'path', 'retention-days'],
  'aliyun/configure-aliyun-credentials-action': [
    'audience',
    'oidc-provider-arn',
    'role-chaining',
    'role-session-expiration',
    'role-session-name',
    'role-to-assume',
  ],
  'github/codeql-action/analyze': ['category'],
  'github/codeql-action/init': ['build-mode', 'languages', 'queries'],
}
