import { describe, expect, it } from '@jest/globals'
import { ofBundles } from '../../scripts/sbom.ts'

const line = '-'.repeat(80)
const component = (ref: string) => ({ 'bom-ref': ref, scope: 'optional' })
const ALL = {
  bomFormat: 'CycloneDX',
  metadata: {
    lifecycles: ['pre-build'],
    component: { name: 'a-folder', 'bom-ref': '@an/application@1.0.0' },
  },
  components: ['@a/core@1.0.0', 'ms@2.1.3', 'ms@1.0.0', 'eslint@10.0.0'].map(component),
  dependencies: [
    { ref: '@an/application@1.0.0', dependsOn: ['@a/core@1.0.0', 'eslint@10.0.0'] },
    { ref: '@a/core@1.0.0', dependsOn: ['ms@2.1.3'] },
    { ref: 'eslint@10.0.0', dependsOn: ['ms@1.0.0'] },
    { ref: 'ms@2.1.3' },
  ],
}

describe('the bill of materials of the bundles', () => {
  it('contains exactly the packages of the licence lists, by name and version', () => {
    const bill = ofBundles(ALL, [`@a/core 1.0.0\nMIT\n\nText\n\n${line}\n\nms 2.1.3\nMIT\n\nText\n`])
    expect(bill).toEqual({
      bomFormat: 'CycloneDX',
      metadata: {
        lifecycles: ['pre-build'],
        component: { name: '@an/application', 'bom-ref': '@an/application@1.0.0' },
      },
      components: [
        { 'bom-ref': '@a/core@1.0.0', scope: 'required' },
        { 'bom-ref': 'ms@2.1.3', scope: 'required' },
      ],
      dependencies: [
        { ref: '@an/application@1.0.0', dependsOn: ['@a/core@1.0.0'] },
        { ref: '@a/core@1.0.0', dependsOn: ['ms@2.1.3'] },
        { ref: 'ms@2.1.3', dependsOn: [] },
      ],
    })
  })

  it('is refused when a bundle contains a package that npm does not list', () => {
    expect(() => ofBundles(ALL, ['ms 3.0.0\nMIT\n\nText\n'])).toThrow(/unknown to npm: ms@3.0.0/)
  })

  it('is refused when a licence list is invalid', () => {
    expect(() => ofBundles(ALL, ['something else'])).toThrow(/Not a package: something else/)
  })
})
