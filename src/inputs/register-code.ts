import { ActionError } from '../errors.ts'
import { findRegisterCodes, isRegisterCode, REGISTER_CODE_RULE } from '../register-code.ts'
import { mask } from '../runner/masking.ts'
import { optional, UNSET_IS_EMPTY } from './input.ts'

/** The length of a code with something around it by mistake. */
const MAX_MISTAKE_LENGTH = 80
/** A shorter mask would hide ordinary text. */
const MIN_MASKED_LENGTH = 8

/** A JWE: five parts, of which the first is a JSON object in base64url. */
const SEALED_CODE = /^eyJ[\w-]*(?:\.[\w-]*){4}$/

const PASS_ON = 'Pass on the output register-code unchanged: ${{ steps.ID.outputs.register-code }}.'
const PASS_ON_SEALED =
  'Pass on the output sealed-register-code unchanged: ${{ needs.JOB.outputs.sealed-register-code }}.'

/**
 * What people pass by mistake in place of a code. `fix` comes before how to pass it on. `isPublic`: masked, it would put
 * stars into text that everybody may see.
 */
const MISTAKES: readonly {
  readonly pattern: RegExp
  readonly what: string
  readonly fix?: string
  readonly isPublic?: true
}[] = [
  {
    pattern: /^["'`]*\*+["'`]*$/,
    what: 'the value is stars, which a log shows in place of the code',
    isPublic: true,
  },
  {
    pattern: /\$\{\{|^(?:steps|needs|secrets|env|inputs|vars|github)\.[\w.-]+$/,
    what: 'the value is an expression that was not evaluated',
    fix: 'GitHub evaluates expressions only inside ${{ }} in a workflow file.',
    isPublic: true,
  },
  {
    pattern: /^["']*(\$\{?[A-Za-z_]\w*\}?|\$env:\w+|%\w+%)["']*$/,
    what: 'the value is the name of a variable',
    fix: 'No shell expands variables under "with:". Use an expression such as ${{ env.NAME }}.',
    isPublic: true,
  },
  {
    pattern: /^(?:undefined|null|(?:sealed-)?register-code)$/,
    what: 'the value is a placeholder',
    isPublic: true,
  },
  { pattern: /^["'`]|["'`]$/, what: 'the value is in quotes', fix: 'Remove the quotes.' },
]

/**
 * Reads the input `register-code`, and masks it unless it is public and would hide ordinary text.
 *
 * @returns the code; an empty string when it is unset
 * @throws ActionError when it cannot be a register code, with the likely mistake; the value is not shown
 */
export function readRegisterCode(): string {
  const input = 'register-code'
  const value = optional(input)
  if (value === '') return ''
  refuseMistake(input, value, PASS_ON)
  // First, because a short one has only the characters of a register code.
  if (SEALED_CODE.test(value)) {
    const fix = 'Open it with the unseal action first, and pass on the output register-code of that step.'
    throw invalidCode(input, 'the value is a sealed code', fix)
  }
  if (isRegisterCode(value)) return value
  throw invalidCode(input, 'the value is not a register code', `Use ${REGISTER_CODE_RULE}. ${PASS_ON}`)
}

/**
 * Reads the input `register-code`, which must be set.
 *
 * @throws ActionError when it is not, or as `readRegisterCode` does
 */
export function requiredRegisterCode(): string {
  const code = readRegisterCode()
  if (code !== '') return code
  throw new ActionError({
    what: 'Missing input: register-code',
    fix:
      `${PASS_ON} GitHub passes no masked output to another job: if the code comes from one, set seal-key in the step that ` +
      `fetches it, and open the output sealed-register-code in this job with the unseal action. ${UNSET_IS_EMPTY}`,
  })
}

/**
 * Reads the input `sealed-register-code`. Masks it when it is a register code that nobody sealed.
 *
 * @throws ActionError when it is unset or not a sealed code, with the likely mistake; the value is not shown
 */
export function readSealedCode(): string {
  const input = 'sealed-register-code'
  const value = optional(input)
  if (value === '') {
    throw new ActionError({
      what: `Missing input: ${input}`,
      fix:
        `${PASS_ON_SEALED} That job must be in needs and declare this output, and its step that fetches the code must ` +
        `have seal-key. ${UNSET_IS_EMPTY}`,
    })
  }
  // Also one that was changed or cut, about which `openSeal` says more.
  if (value.startsWith('eyJ') || /^[\w-]+(?:\.[\w-]*){4}$/.test(value)) return value
  refuseMistake(input, value, PASS_ON_SEALED)
  if (isRegisterCode(value)) {
    const fix = `Set seal-key in the step that fetches the code. ${PASS_ON_SEALED} In the job that fetched it, a code needs no unseal action.`
    throw invalidCode(input, 'the value is a register code that is not sealed', fix)
  }
  const fix = `A sealed code starts with eyJ and has five parts with a dot between them. ${PASS_ON_SEALED}`
  throw invalidCode(input, 'the value is not a sealed code', fix)
}

/** Masks a value, unless it is public, and refuses what people pass by mistake in place of any code. */
function refuseMistake(input: string, value: string, passOn: string): void {
  const mistake = MISTAKES.find(({ pattern }) => pattern.test(value))
  if (mistake?.isPublic !== true) maskCodes(value)
  if (mistake === undefined) return
  throw invalidCode(
    input,
    mistake.what,
    [...(mistake.fix === undefined ? [] : [mistake.fix]), passOn].join(' '),
  )
}

function invalidCode(input: string, what: string, fix: string): ActionError {
  return new ActionError({ what: `Invalid ${input}: ${what}`, fix })
}

/** Masks the value if it is one line, and what can be the code inside it. */
function maskCodes(value: string): void {
  const inside = value.length > MAX_MISTAKE_LENGTH ? [] : findRegisterCodes(value)
  for (const secret of new Set([value, ...inside])) {
    if (secret.length >= MIN_MASKED_LENGTH && !/[\r\n]/.test(secret)) mask(secret)
  }
}
