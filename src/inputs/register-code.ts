import { ActionError } from '../errors.ts'
import { findRegisterCodes, isRegisterCode, REGISTER_CODE_RULE } from '../register-code.ts'
import { mask } from '../runner/masking.ts'
import { optional } from './input.ts'

const INPUT = 'register-code'
/** The length of a code with something around it by mistake. */
const MAX_MISTAKE_LENGTH = 80
/** A shorter mask would hide ordinary text. */
const MIN_MASKED_LENGTH = 8

const PASS_ON = 'Pass on the output register-code unchanged: ${{ steps.ID.outputs.register-code }}.'

/** What people pass by mistake. `isPublic`: masked, it would put stars into text that everybody may see. */
const MISTAKES: readonly {
  readonly pattern: RegExp
  readonly what: string
  readonly fix: string
  readonly isPublic?: true
}[] = [
  {
    pattern: /^["'`]*\*+["'`]*$/,
    what: 'the value is stars, which a log shows in place of the code',
    fix: PASS_ON,
    isPublic: true,
  },
  {
    pattern: /\$\{\{|^(?:steps|needs|secrets|env|inputs|vars|github)\.[\w.-]+$/,
    what: 'the value is an expression that was not evaluated',
    fix: `GitHub evaluates expressions only inside \${{ }} in a workflow file. ${PASS_ON}`,
    isPublic: true,
  },
  {
    pattern: /^["']*(\$\{?[A-Za-z_]\w*\}?|\$env:\w+|%\w+%)["']*$/,
    what: 'the value is the name of a variable',
    fix: `No shell expands variables under "with:". Use an expression such as \${{ env.NAME }}. ${PASS_ON}`,
    isPublic: true,
  },
  {
    pattern: /^(?:undefined|register-code)$/,
    what: 'the value is a placeholder',
    fix: PASS_ON,
    isPublic: true,
  },
  { pattern: /^["'`]|["'`]$/, what: 'the value is in quotes', fix: `Remove the quotes. ${PASS_ON}` },
  {
    // A JWE: five parts, of which the first is a JSON object in base64url.
    pattern: /^eyJ[\w-]*(?:\.[\w-]*){4}$/,
    what: 'the value is a sealed code',
    fix: 'Open it with the unseal action first, and pass on the output register-code of that step.',
  },
]

/**
 * Reads the input `register-code`, and masks it unless it is public and would hide ordinary text.
 *
 * @returns the code; an empty string when it is unset
 * @throws ActionError when it cannot be a register code, with the likely mistake; the value is not shown
 */
export function readRegisterCode(): string {
  const value = optional(INPUT)
  if (value === '') return ''
  const mistake = MISTAKES.find(({ pattern }) => pattern.test(value))
  if (mistake?.isPublic !== true) maskCodes(value)
  if (mistake === undefined && isRegisterCode(value)) return value
  throw new ActionError({
    what: `Invalid ${INPUT}: ${mistake?.what ?? 'the value is not a register code'}`,
    fix: mistake?.fix ?? `Use ${REGISTER_CODE_RULE}. ${PASS_ON}`,
  })
}

/** Masks the value if it is one line, and what can be the code inside it. */
function maskCodes(value: string): void {
  const inside = value.length > MAX_MISTAKE_LENGTH ? [] : findRegisterCodes(value)
  for (const secret of new Set([value, ...inside])) {
    if (secret.length >= MIN_MASKED_LENGTH && !/[\r\n]/.test(secret)) mask(secret)
  }
}
