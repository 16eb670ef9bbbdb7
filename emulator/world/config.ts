import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { KEY_SPECS, KEY_STATES, KEY_USAGES } from '../kms/keys.ts'
import { check, integer, partial, ShapeError, texts, time } from './shape.ts'

const text = v.string()
const version = v.literal('1')
const effect = v.picklist(['Allow', 'Deny'])

/** A RAM policy document. Conditions are not supported. */
export const policyShape = v.strictObject({
  Version: version,
  Statement: v.array(v.strictObject({ Effect: effect, Action: texts, Resource: texts })),
})

export type Policy = v.InferOutput<typeof policyShape>

/** For an OIDC provider, Alibaba Cloud's pages show the first action, and roles in use have the second. */
const trustActions = v.pipe(texts, v.array(v.picklist(['sts:AssumeRole', 'sts:AssumeRoleWithOIDC'])))
const conditions = v.record(text, texts)

/** A role's trust policy: who can assume it. */
const trustPolicyShape = v.strictObject({
  Version: version,
  Statement: v.array(
    v.strictObject({
      Effect: effect,
      Action: trustActions,
      Principal: partial({ RAM: texts, Federated: texts }),
      Condition: v.optional(partial({ StringEquals: conditions, StringLike: conditions })),
    }),
  ),
})

export type TrustPolicy = v.InferOutput<typeof trustPolicyShape>

const status = v.optional(v.picklist(['active', 'inactive']))
/** As the service shows them. */
const validity = { validBegin: text, validEnd: text }
const caCertificate = certificateOr(
  v.strictObject({ certificate: text, caName: v.optional(text), status }),
  v.strictObject({ sn: text, caName: text, ...validity, status }),
)
const deviceCertificate = certificateOr(
  v.strictObject({ certificate: text, caSn: v.optional(text), status }),
  v.strictObject({ caSn: text, deviceSn: text, deviceName: text, ...validity, status }),
)

const entry = { id: text, default: v.boolean() }
const owned = { ...entry, accountId: text }

const configShape = partial({
  regionId: text,
  clockOffsetSeconds: integer(-1_000_000_000, 1_000_000_000),
  statuses: v.picklist(['documented', 'later']),
  lineEnds: v.picklist(['as-sent', 'escaped']),
  caFields: v.picklist(['strings', 'numbers']),
  snSpelling: v.picklist(['der', 'upper-case']),
  snUniqueIn: v.picklist(['all-instances', 'instance']),
  registerCodes: v.picklist(['new', 'same-until-used']),
  codesOfDeletedCas: v.picklist(['used', 'unused']),
  listOrder: v.picklist(['oldest-first', 'newest-first']),
  listedAfterMs: integer(0, 600_000),
  ecdsaFormat: v.picklist(['der', 'raw']),
  accounts: v.array(partial({ ...entry, callsPerSecond: v.nullable(integer(0, 1_000_000)) })),
  accessKeys: v.array(
    partial({
      ...owned,
      secret: text,
      status: v.picklist(['active', 'inactive']),
      policy: policyShape,
      securityToken: text,
      expiration: time,
    }),
  ),
  instances: v.array(
    partial({
      ...owned,
      regionId: text,
      edition: v.picklist(['enterprise-platinum', 'professional', 'enterprise', 'basic']),
      maxCas: v.nullable(integer(0, 1_000_000)),
      generatedCas: integer(0, 100_000),
      caCertificates: v.array(caCertificate),
      deviceCertificates: v.array(deviceCertificate),
    }),
  ),
  roles: v.array(
    partial({
      ...owned,
      maxSessionDuration: integer(3600, 43_200),
      policy: policyShape,
      trustPolicy: trustPolicyShape,
    }),
  ),
  oidcProviders: v.array(partial({ ...owned, issuer: text, clientIds: v.array(text) })),
  kmsKeys: v.array(
    partial({
      ...owned,
      regionId: text,
      alias: text,
      keySpec: v.picklist(KEY_SPECS),
      keyUsage: v.picklist(KEY_USAGES),
      keyState: v.picklist(KEY_STATES),
      versions: integer(1, 50),
      denies: v.array(text),
      isPublic: v.boolean(),
    }),
  ),
  idToken: partial({
    issuer: text,
    subject: text,
    claims: v.record(text, text),
    lifetimeSeconds: integer(-86_400, 86_400),
  }),
})

/** A checked config. */
export type Config = v.InferOutput<typeof configShape>

export type CaEntry = v.InferOutput<typeof caCertificate>
export type DeviceEntry = v.InferOutput<typeof deviceCertificate>

/**
 * The content of a config file. Every part is optional; `docs/emulator.md` describes each. An entry of a list without
 * an `id`, or with `default`, changes the default one. Any other entry is added.
 */
export type EmulatorConfig = v.InferInput<typeof configShape>

/** @throws ShapeError with the place and the problem */
export function readConfig(file: string): Config {
  return parseConfig(readFileSync(file, 'utf8'))
}

/** @throws ShapeError as `readConfig` does, without any part of the text, which can contain secrets */
export function parseConfig(content: string): Config {
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch (error) {
    // V8 quotes the text around the mistake.
    const reason = error instanceof Error ? error.message.replace(/, (\.{3})?".*$/s, '') : 'unreadable'
    throw new ShapeError(`the value is not JSON: ${reason}`)
  }
  return check(configShape, json)
}

/** Accepts a certificate as PEM, or else only what the service shows of one. */
function certificateOr<A extends v.GenericSchema, B extends v.GenericSchema>(ofPem: A, ofFields: B) {
  return v.lazy((value): A | B =>
    typeof value === 'object' && value !== null && 'certificate' in value ? ofPem : ofFields,
  )
}
