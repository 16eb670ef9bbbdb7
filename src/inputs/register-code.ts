import { ActionError } from '../errors.ts'
import { isRegisterCode } from '../register-code.ts'
import { mask } from '../runner/masking.ts'
import { optional } from './input.ts'

const INPUT = 'register-code'

/**
 * Reads the input `register-code`, and masks it, but for what is no secret and would hide ordinary text.
 *
 * @returns the code; empty when it is left out
 * @throws ActionError when it cannot be a register code, with a guess at the mistake
 */
export function readRegisterCode(): string {
  const value = optional(INPUT)
  if (value === '') return ''
  const mistake = MISTAKES.find(({ pattern }) => pattern.test(value))
  // The value on one line, and what may be the code in it. Less than a code would hide ordinary text.
  const inside = value.length > MAX_MISTAKEN ? [] : (value.match(CODES) ?? [])
  const secrets = mistake?.isNoSecret === true ? [] : [value, ...inside]
  for (const secret of new Set(secrets)) if (secret.length >= 8 && !/[\r\n]/.test(secret)) mask(secret)
  // Typed, or the compiler would take everything else for no text.
  const isCode: boolean = isRegisterCode(value)
  if (mistake === undefined && isCode) return value
  throw new ActionError({
    what: `The input ${INPUT} ${mistake?.what ?? 'holds something else than a register code'}`,
    fix: mistake?.fix ?? `It takes 8 to 64 letters, digits and characters of -_.:+/=@~. ${PASS_ON}`,
  })
}

/** A code, and what may stand around it by mistake. */
const MAX_MISTAKEN = 80
const CODES = /[A-Za-z0-9\-_.:+/=@~]{8,64}/g
const PASS_ON = 'Pass on the output register-code as it is: ${{ steps.ID.outputs.register-code }}.'

/** What people give by mistake. `isNoSecret`: as a mask, it would put stars into text that everybody may see. */
const MISTAKES: readonly {
  readonly pattern: RegExp
  readonly what: string
  readonly fix: string
  readonly isNoSecret?: true
}[] = [
  {
    pattern: /^["'`]*\*+["'`]*$/,
    what: 'is stars, as a log shows them in place of the code',
    fix: PASS_ON,
    isNoSecret: true,
  },
  {
    pattern: /\$\{\{|^(?:steps|needs|secrets|env|inputs|vars|github)\.[\w.-]+$/,
    what: 'is an expression that nobody evaluated',
    fix: `An expression is evaluated in a workflow file, outside of single quotes in a script. ${PASS_ON}`,
    isNoSecret: true,
  },
  {
    pattern: /^["']*(\$\{?[A-Za-z_]\w*\}?|\$env:\w+|%\w+%)["']*$/,
    what: 'is the name of a variable, and not its value',
    fix: `Under "with:" no shell puts a value in its place: write \${{ env.NAME }}. ${PASS_ON}`,
    isNoSecret: true,
  },
  {
    pattern: /^(?:undefined|register-code)$/,
    what: 'is a word in place of the code',
    fix: PASS_ON,
    isNoSecret: true,
  },
  { pattern: /^["'`]|["'`]$/, what: 'is in quotes', fix: `Leave the quotes out. ${PASS_ON}` },
  {
    // A JWE: five parts, of which the first is a JSON object in base64url.
    pattern: /^eyJ[\w-]*(?:\.[\w-]*){4}$/,
    what: 'is a sealed code',
    fix: 'Open it with the unseal action first, and pass on the output register-code of that step.',
  },
]
