import { formatOf, type Format } from './formats.ts'
import { blocksIn, contentsOf, pemTextIn } from './pem.ts'
import type { Finding } from './request-key.ts'

/** What a file should contain, and how to recognize it. */
export type Encoded = {
  /** For example `certificate request`. */
  readonly noun: string
  /** The same in one word. */
  readonly word: string
  /** The label of its PEM blocks. */
  readonly label: RegExp
  /** How a PEM block starts, also an incomplete one; global. */
  readonly start: RegExp
  readonly binary: Format
  /** What to use instead of anything else. */
  readonly use: string
}

const FRAME = /-----[^-]*-----/g

/**
 * Finds things of one kind in a file or an input: PEM text with one or more, the base64 of that, or a single one in
 * DER. Shows nothing of what it contains instead, because that can be a private key.
 *
 * @returns each in DER, or what is wrong
 */
export function encodedIn(bytes: Buffer, kind: Encoded): Buffer[] | Finding {
  const pem = pemTextIn(bytes.toString('latin1'))
  return pem === undefined ? binaryIn(bytes, kind) : blocksOf(pem, kind)
}

function blocksOf(text: string, { word, label, start, use }: Encoded): Buffer[] | Finding {
  const blocks = blocksIn(text).filter((block) => label.test(block.label))
  const started = text.match(start)?.length ?? 0
  if (blocks.length === 0 && started === 0) return { problem: `contains ${contentsOf(text)}`, fix: use }
  if (blocks.length !== started) {
    return {
      problem: `contains incomplete PEM blocks: ${started - blocks.length} of ${started}`,
      fix: `Copy each ${word} completely, from its -----BEGIN line to the matching -----END line.`,
    }
  }
  return blocks.map(({ pem }) => Buffer.from(pem.replace(FRAME, ''), 'base64'))
}

function binaryIn(bytes: Buffer, { noun, binary, use }: Encoded): Buffer[] | Finding {
  const format = formatOf(bytes)
  if (format === binary) return [bytes]
  const text = bytes.toString('latin1')
  const inBase64 = formatOf(Buffer.from(text, 'base64'))
  if (format !== undefined) return { problem: `contains ${format.what}`, fix: use }
  if (inBase64 !== undefined) return { problem: `contains ${inBase64.what}, in base64`, fix: use }
  return {
    problem: text.trim() === '' ? 'is empty' : `contains neither PEM text nor a ${noun} in DER`,
    fix: use,
  }
}
