import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hasAbandonedWork } from '../../src/deadline.ts'
import { readInputFile } from '../../src/inputs/pem.ts'

const LIMITS = { maxBytes: 100, timeoutMs: 10_000 }

let folder = ''
const path = (name: string): string => join(folder, name)
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'input-'))
  mkdirSync(path('folder'))
  writeFileSync(path('empty'), '')
  writeFileSync(path('small'), 'a text\0\xff', 'latin1')
  writeFileSync(path('full'), 'x'.repeat(100))
  writeFileSync(path('too large'), 'x'.repeat(101))
  symlinkSync('small', path('link'))
  symlinkSync('gone', path('dangling'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

describe('a file that an input names', () => {
  it.each([
    ['small', Buffer.from('a text\0\xff', 'latin1')],
    ['link', Buffer.from('a text\0\xff', 'latin1')],
    ['empty', Buffer.alloc(0)],
    ['full', Buffer.alloc(100, 'x')],
  ])('is read, byte for byte: %s', async (name, bytes) => {
    expect(await readInputFile(path(name), LIMITS)).toEqual({ kind: 'read', bytes })
    expect(hasAbandonedWork()).toBe(false)
  })

  it.each([
    ['gone', 'missing'],
    ['dangling', 'missing'],
    ['small/below', 'missing'],
    ['n'.repeat(300), 'missing'],
    ['nul\0', 'missing'],
    ['folder', 'no-file'],
    ['too large', 'too-large'],
  ])('is not read: %j is %s', async (name, kind) => {
    expect(await readInputFile(path(name), LIMITS)).toEqual({ kind })
    expect(hasAbandonedWork()).toBe(false)
  })

  it('is read completely when its stated size is wrong', async () => {
    // Files in /proc have a stated size of 0.
    if (!existsSync('/proc/self/cmdline')) return
    const { kind } = await readInputFile('/proc/self/cmdline', { ...LIMITS, maxBytes: 100_000 })
    expect(kind).toBe('read')
    expect(await readInputFile('/proc/self/cmdline', { ...LIMITS, maxBytes: 3 })).toEqual({
      kind: 'too-large',
    })
  })

  it('is not read from a device, which has no end', async () => {
    if (!existsSync('/dev/zero')) return
    expect(await readInputFile('/dev/zero', LIMITS)).toEqual({ kind: 'no-file' })
  })

  it('is not read from a pipe, and does not wait for a writer', async () => {
    if (process.platform === 'win32') return
    execFileSync('mkfifo', [path('pipe')])
    expect(await readInputFile(path('pipe'), LIMITS)).toEqual({ kind: 'no-file' })
    expect(hasAbandonedWork()).toBe(false)
  })
})

describe('a read that hangs', () => {
  it('is abandoned at the deadline, and recorded for the end of the process', async () => {
    // A test cannot slow down the disk. But after this, Node runs timers before it handles file events.
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    const slow = readInputFile(path('small'), { ...LIMITS, timeoutMs: 0 })
    for (const end = performance.now() + 50; performance.now() < end;);
    expect(await slow).toEqual({ kind: 'late' })
    expect(hasAbandonedWork()).toBe(true)
  })
})
