import { describe, expect, it } from '@jest/globals'
import { releaseNotes } from '../../scripts/release-notes.ts'

const CHANGELOG = `# Changelog

## [Unreleased]

### Added

- Later.

## [1.10.0] - 2026-12-01

### Fixed

- A thing.

## [1.1.0] - 2026-11-30

## [1.0.0]

- No date.
`

describe('the text of a release', () => {
  it('is the section of its version', () => {
    expect(releaseNotes(CHANGELOG, '1.10.0')).toBe('### Fixed\n\n- A thing.')
  })

  it.each([
    ['no section', '1.1.1'],
    ['an empty section', '1.1.0'],
    ['a section without a date', '1.0.0'],
    ['a section of a similar version', '1.1000'],
  ])('is missing with %s', (_, version) => {
    expect(() => releaseNotes(CHANGELOG, version)).toThrow(`## [${version}]`)
  })
})
