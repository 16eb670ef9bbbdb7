import fc from './generated.ts'

/** Generates one of the characters of a text. */
export function oneOfThe(characters: string): fc.Arbitrary<string> {
  return fc.constantFrom(...Array.from(characters))
}

/** Generates unusual secrets. They are not blank and are trimmed, like an input. */
export const awkwardSecret = fc
  .oneof(
    fc.string({
      minLength: 1,
      maxLength: 40,
      unit: oneOfThe('aZ09%\n\r"\'\\.*+?^${}()|[]/=&: #ü😀'),
    }),
    fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' }),
    fc.string({ minLength: 1, maxLength: 60, unit: 'binary' }),
    fc.base64String({ minLength: 4, maxLength: 200 }),
    fc.string({ minLength: 1000, maxLength: 4096 }),
    fc.constantFrom('a', '%', '%0A', '::', '$&', '***', '\\n', 'error'),
  )
  .map((text) => text.toWellFormed().replaceAll('\0', '0').trim())
  .filter((text) => text !== '')

/** Generates secrets that a header can contain. */
export const headerSecret = fc.oneof(
  fc.string({ minLength: 1, maxLength: 200, unit: oneOfThe('aZ09%"\'\\.*+?^${}()|[]/=&:#') }),
  fc.base64String({ minLength: 4, maxLength: 400 }),
  fc.string({ minLength: 1000, maxLength: 4096, unit: oneOfThe('abc+/=') }),
)

/** Created once, because this is slow. */
const anyText = fc.string({ maxLength: 20 })

/** Generates messages of a hostile service: texts, the secrets in many spellings, and workflow commands. */
export function messageWith(secrets: readonly string[]): fc.Arbitrary<string> {
  const spelled = secrets.flatMap((secret) => [
    ...readableSpellings(secret),
    ...otherSpellings(secret),
    `user:${secret}`,
  ])
  const commands = [
    '\n::error::oh',
    '\n::set-output name=x::y',
    '##[error]oh',
    '\r::add-mask::a',
    '\u2028::debug::x',
  ]
  return fc
    .array(
      fc.oneof(
        fc.constantFrom(...spelled),
        fc.constantFrom(...commands),
        fc.constantFrom('{authorization}', '{securityToken}', '{oidcToken}', '<html>', 'x'.repeat(990)),
        anyText,
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((pieces) => pieces.join(''))
}

/**
 * Finds the secrets that are readable in the output of a step. Ignores its masks, which `strayCommands` checks, and the
 * text that replaces a secret, because with the letters beside it, that can happen to be another secret.
 */
export function leaksIn(
  step: { readonly stdout: string; readonly stderr: string; readonly summary?: string },
  secrets: readonly string[],
): string[] {
  const lines = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  const printed = lines.map((line) => {
    const command = /^::(?:error|debug)::(.*)$/.exec(line)?.[1]
    return command === undefined ? line : unescaped(command)
  })
  const shown = [...printed, step.stderr, step.summary ?? ''].map((text) =>
    text.replaceAll('(message withheld: it contains a secret)', '\0').replace(/\*{3,}|\**…$/g, '\0'),
  )
  return secrets.flatMap((secret) =>
    readableSpellings(secret).filter((spelling) => shown.some((text) => text.includes(spelling))),
  )
}

/**
 * Finds the secrets of which a step printed a piece: twelve letters and digits in a row, in any case and with any
 * characters between them. Also searches for the base64 and hex of each secret.
 */
export function piecesIn(
  step: { readonly stdout: string; readonly stderr: string; readonly summary?: string },
  secrets: readonly string[],
): string[] {
  const lines = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
  const shown = new Set([...lines, step.stderr, step.summary ?? ''].flatMap(piecesOf))
  return secrets.filter((secret) =>
    [secret, base64(secret), Buffer.from(secret).toString('hex')].some((spelling) =>
      piecesOf(spelling).some((piece) => shown.has(piece)),
    ),
  )
}

function piecesOf(text: string): string[] {
  const letters = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
  return Array.from({ length: Math.max(0, letters.length - 11) }, (_, at) => letters.slice(at, at + 12))
}

/** Returns the workflow commands that a step should not print. */
export function strayCommands(stdout: string, secrets: readonly string[]): string[] {
  const lines = stdout.split('\n').filter((line) => !isOwnMask(line, secrets))
  return lines
    .flatMap((line) => line.split('\r'))
    .filter((line) => /^\s*::(?!(error|warning|debug)::)/.test(line) || line.includes('##['))
}

/** Returns the spellings of a secret that anybody can read: as it is, in a URL, in base64. */
function readableSpellings(secret: string): string[] {
  const inUrl = encodeURIComponent(secret)
  const inLowerCase = inUrl.replace(/%[\dA-F]{2}/g, (escape) => escape.toLowerCase())
  return [secret, inUrl, inLowerCase, inUrl.replaceAll('%2F', '/'), base64(secret)]
}

/** Returns other spellings, in which a step may show parts that `leaksIn` finds. */
function otherSpellings(secret: string): string[] {
  const units = Array.from({ length: secret.length }, (_, at) => secret.charCodeAt(at))
  return [
    JSON.stringify(secret),
    base64(base64(secret)),
    base64(secret).replace(/.{76}/g, '$&\n'),
    Array.from(secret).slice(1).join(''),
    secret.toUpperCase(),
    secret.replaceAll('.', ' '),
    Buffer.from(secret).toString('hex'),
    units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join(''),
    Array.from(secret, (letter) => `&#${letter.codePointAt(0) ?? 0};`).join(''),
  ]
}

function isOwnMask(line: string, secrets: readonly string[]): boolean {
  return line.startsWith('::add-mask::') && secrets.includes(unescaped(line.slice('::add-mask::'.length)))
}

function unescaped(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
