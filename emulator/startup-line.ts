/** What the emulator prints when it is ready, as one line of JSON. */
export type StartupLine = {
  /** `host:port`, HTTPS. */
  readonly endpoint: string
  /** PEM of the CA to trust, e.g. for `NODE_EXTRA_CA_CERTS`. */
  readonly caFile: string
  readonly regionId: string
  readonly accountId: string
  readonly instanceId: string
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly roleArn: string
  readonly oidcProviderArn: string
  /** For `ACTIONS_ID_TOKEN_REQUEST_URL`. */
  readonly idTokenRequestUrl: string
  /** For `ACTIONS_ID_TOKEN_REQUEST_TOKEN`. */
  readonly idTokenRequestToken: string
}
