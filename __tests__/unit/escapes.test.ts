import { describe, expect, it } from '@jest/globals'
import { unescapeAll } from '../../src/runner/secrets.ts'

describe('escapes', () => {
  it.each([
    ['nothing to undo', 'nothing to undo'],
    ['a%2Bb%2bc', 'a+b+c'],
    ['%C3%BC %e2%82%ac %F0%9F%98%80', 'ü € 😀'],
    ['100% %zz %C3 %FF %a%2B', '100% %zz \ufffd \ufffd %a+'],
    ['\\u002b \\b\\f\\n\\r\\t \\/ \\" \\q', '+ \b\f\n\r\t / " q'],
    ['&#x10ffff;', '\u{10ffff}'],
    ['&#43; &#x2B; &amp;&lt;&gt;&quot;&apos;', '+ + &<>"\''],
    ['&#9999999; &nbsp;', '&#9999999; &nbsp;'],
    ['\\x41\\X41 \\u{41}\\u{1F600} \\u0041\\U0041', 'AA A😀 AA'],
    ['\\x4 \\u{110000} \\u{} \\u12', '\\x4 \\u{110000} \\u{} \\u12'],
    ['one level: %252B', 'one level: %2B'],
  ])('%s', (text, plain) => {
    expect(unescapeAll(text)).toBe(plain)
  })
})
