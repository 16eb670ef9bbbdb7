import { describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { readRegisterCode } from '../../src/inputs/register-code.ts'
import { isRegisterCode } from '../../src/register-code.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const CODE = '13274673-8f90-4630-bea1-9cccb25756ad2089473625'
const SEALED = ['eyJhbGciOiJSU0EtT0FFUC0yNTYifQ', 'a2V5', 'aXY', 'dGV4dA'.repeat(10), 'dGFn'].join('.')
const PASS_ON = 'Pass on the output register-code unchanged: ${{ steps.ID.outputs.register-code }}.'

async function read(value: string) {
  const { result, thrown, stdout } = await withEnvironment(
    inputs({ 'register-code': value }),
    readRegisterCode,
  )
  if (thrown !== undefined && !(thrown instanceof ActionError)) throw new Error('odd', { cause: thrown })
  const masks = stdout.split('\n').filter(Boolean)
  return { code: result, error: thrown?.describe((text) => text), masks }
}

describe('a register code', () => {
  it.each([CODE, '12345678', 'x'.repeat(64), 'azAZ09-_.:+/=@~'])(
    'is 8 to 64 letters, digits and some other characters, and is masked: %s',
    async (code) => {
      expect(isRegisterCode(code)).toBe(true)
      expect(await read(` ${code}\n`)).toEqual({ code, error: undefined, masks: [`::add-mask::${code}`] })
    },
  )

  it.each([
    '1234567',
    'x'.repeat(65),
    'two words',
    'two\nlines',
    'a,b;c&d|e',
    '$(reboot)',
    'code-für-geräte',
    `${CODE}\u200b`,
    '[12345678]',
    'a\\b\\c\\d\\e',
  ])('is refused otherwise, and masked if it can contain a code: %j', async (value) => {
    expect(isRegisterCode(value)).toBe(false)
    const { code, error, masks } = await read(value)
    expect(code).toBeUndefined()
    expect(error).toBe(
      'Invalid register-code: the value is not a register code. ' +
        `Use 8 to 64 letters, digits and characters of -_.:+/=@~. ${PASS_ON}`,
    )
    // A mask that is shorter than a code, or has several lines, could hide ordinary text.
    const isMasked = value.length >= 8 && !value.includes('\n')
    expect(masks.includes(`::add-mask::${value}`)).toBe(isMasked)
    expect(masks.filter((mask) => mask.length < '::add-mask::'.length + 8)).toEqual([])
  })

  it('is optional', async () => {
    expect(await read(' ')).toEqual({ code: '', error: undefined, masks: [] })
  })

  it.each([undefined, null, 12345678, [CODE], { length: 8 }])('cannot be %j', (value) => {
    expect(isRegisterCode(value)).toBe(false)
  })
})

describe('a likely mistake', () => {
  const STARS = /^Invalid register-code: the value is stars, which a log shows in place of the code\. Pass on/
  const EXPRESSION =
    /^Invalid register-code: the value is an expression that was not evaluated\. .*inside \$\{\{ \}\} in a workflow file\. Pass/
  const VARIABLE =
    /^Invalid register-code: the value is the name of a variable\. .*such as \$\{\{ env\.NAME \}\}\. /
  const QUOTES = /^Invalid register-code: the value is in quotes\. Remove the quotes\. Pass on/
  const SEAL = /^Invalid register-code: the value is a sealed code\. Open it with the unseal action first/

  it.each<[string, RegExp, readonly string[]]>([
    ['***', STARS, []],
    ['"********"', STARS, []],
    ['${{ steps.code.outputs.register-code }}', EXPRESSION, []],
    ["'${{ steps.code.outputs.register-code }}'", EXPRESSION, []],
    ['$CODE', VARIABLE, []],
    ['${REGISTER_CODE}', VARIABLE, []],
    ['"$REGISTER_CODE"', VARIABLE, []],
    ['$env:REGISTER_CODE', VARIABLE, []],
    ['%REGISTER_CODE%', VARIABLE, []],
    [`"${CODE}"`, QUOTES, [`"${CODE}"`, CODE]],
    [`'${CODE}'`, QUOTES, [`'${CODE}'`, CODE]],
    [`\`${CODE}\``, QUOTES, [`\`${CODE}\``, CODE]],
    [`"${CODE}`, QUOTES, [`"${CODE}`, CODE]],
    [`${CODE}'`, QUOTES, [`${CODE}'`, CODE]],
    [`{{ ${CODE} }}`, /the value is not a register code/, [`{{ ${CODE} }}`, CODE]],
    ['"too short"', QUOTES, ['"too short"']],
    [SEALED, SEAL, [SEALED]],
  ])('is named in the error, and masked if it can be a secret: %s', async (value, message, masks) => {
    const { code, error, masks: given } = await read(value)
    expect(code).toBeUndefined()
    expect(error).toMatch(message)
    expect(error).not.toContain(value)
    expect(error).not.toContain(CODE)
    expect(given).toEqual(masks.map((mask) => `::add-mask::${mask}`))
  })
})
