/** The inputs or variables for an access key, or their values. */
export type KeyParts = { readonly id: string; readonly secret: string; readonly token: string }

export const INPUTS: KeyParts = { id: 'access-key-id', secret: 'access-key-secret', token: 'security-token' }

/** The environment variables that Alibaba Cloud's own action and tools set, the current spelling first. */
export const VARIABLES: readonly KeyParts[] = [
  ...['ALIBABA_CLOUD', 'ALIBABACLOUD'].map((prefix) => ({
    id: `${prefix}_ACCESS_KEY_ID`,
    secret: `${prefix}_ACCESS_KEY_SECRET`,
    token: `${prefix}_SECURITY_TOKEN`,
  })),
  { id: 'ALICLOUD_ACCESS_KEY', secret: 'ALICLOUD_SECRET_KEY', token: 'ALICLOUD_SECURITY_TOKEN' },
]
