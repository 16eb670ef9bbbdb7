import type { Part } from './entry.ts'
import { CHANGES } from './entries/changes.ts'
import { DEVICES } from './entries/devices.ts'
import { ERRORS } from './entries/errors.ts'
import { KMS } from './entries/kms.ts'
import { LISTS } from './entries/lists.ts'
import { RAM } from './entries/ram.ts'
import { REGISTRATION } from './entries/registration.ts'
import { REQUESTS } from './entries/requests.ts'

/** Every assumption about the service, in the order of the checks. A check can use what earlier ones found. */
export const PARTS: readonly Part[] = [REQUESTS, RAM, REGISTRATION, LISTS, CHANGES, DEVICES, ERRORS, KMS]
