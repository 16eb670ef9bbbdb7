import { createPublicKey } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ActionError } from '../../src/errors.ts'
import { optionalCertificate, optionalPrivateKey } from '../../src/inputs/pem.ts'
import { makeCa, privateKey } from '../../testing/certificates.ts'
import { inputs, withEnvironment } from '../support/in-process.ts'

const key = privateKey('EC P-256')
const keyPem = key.export({ type: 'pkcs8', format: 'pem' }).toString()
const body = keyPem.split('\n').slice(1, -2)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pem-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function file(content: string | Buffer): string {
  const path = join(folder, crypto.randomUUID())
  writeFileSync(path, content)
  return path
}

type Reader = typeof optionalCertificate

async function read(reader: Reader, value: string, others: Readonly<Record<string, string>> = {}) {
  const env = inputs({ 'a-pem': value, ...others })
  const { result, thrown, stdout } = await withEnvironment(env, () => reader('a-pem'))
  if (thrown !== undefined && !(thrown instanceof ActionError)) throw new Error('odd', { cause: thrown })
  const masks = stdout.split('\n').filter(Boolean)
  return { pem: result, error: thrown?.describe((text) => text), masks }
}

const READERS: readonly [string, Reader][] = [
  ['a certificate', optionalCertificate],
  ['a private key', optionalPrivateKey],
]

describe.each(READERS)('an input for %s', (_, reader) => {
  it.each([
    ['PEM text', (): string => keyPem],
    ['PEM text with escaped line ends', () => keyPem.replaceAll('\n', '\\n')],
    ['text that only starts like PEM', () => '-----BEGIN'],
  ])('is %s', async (_form, text) => {
    const { pem } = await read(reader, text())
    expect(pem).toEqual({ input: 'a-pem', text: text().trim() })
  })

  it.each([
    ['a path', (): string => file(keyPem)],
    ['a path with white space around it', () => ` ${file(keyPem)}\n`],
    ['a path from the working directory', () => relative(process.cwd(), file(keyPem))],
  ])('is %s', async (_form, path) => {
    expect((await read(reader, path())).pem).toEqual({ input: 'a-pem', text: keyPem })
  })

  it('is optional', async () => {
    expect(await read(reader, ' ')).toEqual({ pem: undefined, error: undefined, masks: [] })
  })

  it('can be a file in any encoding that extends ASCII', async () => {
    const text = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf, 0xff]), Buffer.from(keyPem)])
    expect((await read(reader, file(text))).pem?.text).toContain(keyPem)
  })

  it.each([
    ['a part of the base64 of a key', () => body.join('').slice(20)],
    ['a path that does not exist', () => '/nowhere/ca.key'],
    ['a path to a folder', tmpdir],
    ['a text that cannot be a path', () => 'a\0b'],
    ['a key longer than a path may be', () => 'MIIG'.repeat(2000)],
  ])('is refused without being shown when it is %s', async (_form, value) => {
    const { error, pem } = await read(reader, value())
    expect(pem).toBeUndefined()
    expect(error).toMatch(
      /^Invalid a-pem: neither PEM text nor the path of a readable file\. Use the text with its/,
    )
    expect(error).not.toMatch(/MI[GI]|nowhere|tmp/)
  })

  it.each([
    [
      'without PEM text',
      Buffer.from([0x30, 0x82]),
      /contains no PEM text\. PEM text starts with .* openssl pkey -inform DER\.$/,
    ],
    ['that is empty', '', /is empty/],
    [
      'that is too large',
      `${keyPem}${'x'.repeat(256 * 1024 + 1 - 241)}`,
      /is larger than 256 KiB\. Use a PEM/,
    ],
  ])('is refused when it is a file %s', async (_form, content, message) => {
    const path = file(content)
    const { error } = await read(reader, path)
    expect(error).toMatch(/^Invalid a-pem: the file /)
    expect(error).toMatch(message)
    expect(error).not.toContain(path)
  })

  it('can be a file of up to 256 KiB', async () => {
    const text = keyPem.padEnd(256 * 1024, '\n')
    expect((await read(reader, file(text))).pem?.text).toHaveLength(256 * 1024)
    expect((await read(reader, file(`${text}\n`))).error).toMatch(/larger than 256 KiB/)
  })
})

describe('an input for a private key', () => {
  it.each([
    ['PEM text', (): string => keyPem],
    ['a path', () => file(keyPem)],
  ])('is masked line by line, but not its path: %s', async (_, value) => {
    const { masks } = await read(optionalPrivateKey, value())
    expect(masks).toEqual(body.map((line) => `::add-mask::${line}`))
  })

  it.each([
    ['a key without its frame', (): string => body.join('\n'), body],
    ['a file with such a key', () => file(body.join('\n')), body],
    ['a file with something else', () => file('a password\n'), ['a password']],
    ['a path to nothing, which may be a key', () => 'keys/ca.key', ['keys/ca.key']],
  ])('is masked even when it is invalid: %s', async (_, value, lines) => {
    const { masks, error } = await read(optionalPrivateKey, value())
    expect(error).toBeDefined()
    expect(masks).toEqual(expect.arrayContaining(lines.map((line) => `::add-mask::${line}`)))
    expect(masks).not.toContain(`::add-mask::${folder}`)
  })

  it('is not masked when it is the path of a folder', async () => {
    expect((await read(optionalPrivateKey, folder)).masks).toEqual([])
  })
})

describe('an input for a certificate', () => {
  it.each<[string, () => Promise<string> | string]>([
    ['a certificate', async () => (await makeCa()).pem],
    ['a path', async () => file((await makeCa()).pem)],
    ['a public key', () => createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString()],
    ['a private key, by mistake', () => keyPem],
    ['a path that does not exist', () => 'no/such.pem'],
  ])('is not masked, because it is not a secret: %s', async (_, value) => {
    expect((await read(optionalCertificate, await value())).masks).toEqual([])
  })
})

describe('a file that cannot be read in time', () => {
  it.each([
    [{}, 60],
    [{ timeout: '7' }, 7],
    [{ timeout: '007' }, 7],
    [{ timeout: '0' }, 60],
    [{ timeout: 'soon' }, 60],
  ])('is abandoned after the time of the input timeout: %j', async (timeout, seconds) => {
    const waits: number[] = []
    const { setTimeout } = globalThis
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      waits.push(ms)
      return setTimeout(run, 0)
    }) as typeof setTimeout
    const late: Reader = async (name) => {
      // After this, Node runs timers before it looks at the disk.
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      const reading = optionalPrivateKey(name)
      for (const end = performance.now() + 20; performance.now() < end;);
      return await reading
    }
    try {
      const { error, masks } = await read(late, file(keyPem), timeout)
      expect(waits).toEqual([seconds * 1000])
      expect(error).toBe(
        `The file named by a-pem could not be read within ${seconds} s. ` +
          `Check the disk or file server, or pass the PEM text itself.${'timeout' in timeout ? ' The input timeout sets this limit.' : ''}`,
      )
      expect(masks).toEqual([])
    } finally {
      globalThis.setTimeout = setTimeout
    }
  })
})
