import { readFileSync } from 'node:fs'
import { policyShape } from './policy.ts'
import {
  boolean,
  integer,
  listOf,
  moment,
  object,
  oneOf,
  orNull,
  recordOf,
  ShapeError,
  text,
  type Shaped,
} from './shape.ts'
import { trustPolicyShape } from './trust-policy.ts'

/** Editions of an instance. The CA operations work with the first two. */
export const editions = ['enterprise-platinum', 'professional', 'enterprise', 'basic'] as const

const account = object({}, { id: text, default: boolean, callsPerSecond: orNull(integer(0, 1_000_000)) })

const accessKey = object(
  {},
  {
    id: text,
    default: boolean,
    secret: text,
    accountId: text,
    status: oneOf('active', 'inactive'),
    policy: policyShape,
    securityToken: text,
    expiration: moment,
  },
)

const instance = object(
  {},
  {
    id: text,
    default: boolean,
    accountId: text,
    regionId: text,
    edition: oneOf(...editions),
    maxCas: orNull(integer(0, 1_000_000)),
    generatedCas: integer(0, 100_000),
  },
)

const role = object(
  {},
  {
    id: text,
    default: boolean,
    accountId: text,
    maxSessionDuration: integer(3600, 43_200),
    policy: policyShape,
    trustPolicy: trustPolicyShape,
  },
)

const oidcProvider = object(
  {},
  { id: text, default: boolean, accountId: text, issuer: text, clientIds: listOf(text) },
)

const idToken = object(
  {},
  { issuer: text, subject: text, claims: recordOf(text), lifetimeSeconds: integer(-86_400, 86_400) },
)

const configShape = object(
  {},
  {
    regionId: text,
    clockOffsetSeconds: integer(-1_000_000_000, 1_000_000_000),
    statuses: oneOf('documented', 'later'),
    lineEnds: oneOf('as-sent', 'escaped'),
    accounts: listOf(account),
    accessKeys: listOf(accessKey),
    instances: listOf(instance),
    roles: listOf(role),
    oidcProviders: listOf(oidcProvider),
    idToken,
  },
)

/** A config that was read and checked. */
export type Config = Shaped<typeof configShape>

/**
 * What stands in a config file. All parts are optional; what each one means is in `emulator/README.md`.
 * An entry of a list without an `id`, or with `default`, changes the default one, any other is added.
 */
export type EmulatorConfig = AsJson<Config>

type AsJson<T> = T extends Date
  ? string
  : T extends readonly (infer E)[]
    ? AsJson<E>[]
    : T extends object
      ? { -readonly [K in keyof T]: AsJson<T[K]> }
      : T

/** @throws ShapeError with the place and what is wrong there */
export function readConfig(file: string): Config {
  return parseConfig(readFileSync(file, 'utf8'))
}

/** @throws ShapeError as `readConfig`; without a piece of the text, which may hold secrets */
export function parseConfig(content: string): Config {
  let json: unknown
  try {
    json = JSON.parse(content)
  } catch (error) {
    // V8 quotes what stands around the mistake.
    const why = error instanceof Error ? error.message.replace(/, (\.{3})?".*$/s, '') : 'unreadable'
    throw new ShapeError(`the whole is no JSON: ${why}`)
  }
  return configShape(json, '')
}
