import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { asWorkflow, yamlSnippets } from '../../scripts/lint-workflows/snippet-workflows.ts'

const ACTIONS = new Map([
  [
    '.',
    {
      name: 'root',
      description: '',
      inputs: { 'instance-id': { required: true }, 'region-id': {} },
      outputs: { 'register-code': {} },
    },
  ],
  ['sign', { name: 'sign', description: '', inputs: { 'valid-days': {} }, outputs: { certificate: {} } }],
])
const ROOT = 'OWNER/apsaramq-mqtt-register-code@v1'

/** Places the snippet in line 20 of a document, so that there is room for the lines added before it. */
function workflow(text: string, document = 'README.md'): Record<string, unknown> {
  const whole = asWorkflow({ document, line: 20, text }, ACTIONS) ?? ''
  const first = text.split('\n')[0] ?? ''
  expect(whole.split('\n')[19]?.trim()).toBe(first.trim())
  return parse(whole) as Record<string, unknown>
}

describe('the snippets of a document', () => {
  it('are its YAML blocks, each with its line and without indentation', () => {
    const markdown =
      'Text\n\n```yaml\na: 1\n```\n\n- List\n  ```yml\n  b:\n    c: 2\n  ```\n\n```sh\nd: 3\n```\n'
    expect(yamlSnippets('README.md', markdown)).toEqual([
      { document: 'README.md', line: 4, text: 'a: 1\n' },
      { document: 'README.md', line: 9, text: 'b:\n  c: 2\n' },
    ])
  })
})

describe('a snippet becomes a workflow', () => {
  it('when it already is one, with the omitted parts added', () => {
    expect(workflow('on: pull_request\njobs:\n  a:\n    runs-on: b\n')).toEqual({
      name: 'Snippet',
      on: 'pull_request',
      permissions: {},
      concurrency: { group: 'snippet', 'cancel-in-progress': true },
      jobs: { a: { 'runs-on': 'b' } },
    })
  })

  it.each([
    ['jobs', 'a:\n  runs-on: b\n  steps: []\n', { a: { 'runs-on': 'b', steps: [] } }],
    [
      'a job',
      'permissions:\n  id-token: write\nsteps: []\n',
      {
        snippet: {
          permissions: { 'id-token': 'write' },
          steps: [],
          name: 'Snippet',
          'runs-on': 'ubuntu-latest',
        },
      },
    ],
    [
      'keys of a workflow',
      'permissions:\n  id-token: write\n',
      { snippet: { name: 'Snippet', 'runs-on': 'ubuntu-latest', steps: [{ run: 'true' }] } },
    ],
    [
      'steps',
      '- run: a\n',
      { snippet: { name: 'Snippet', 'runs-on': 'ubuntu-latest', steps: [{ run: 'a' }] } },
    ],
  ])('when it contains %s', (_, text, jobs) => {
    expect(workflow(text)['jobs']).toEqual(jobs)
  })

  it('with an added step whose outputs it uses', () => {
    expect(workflow('- run: a ${{ steps.mqtt.outputs.register-code }}\n')['jobs']).toMatchObject({
      snippet: {
        steps: [
          { id: 'mqtt', uses: ROOT, with: { 'instance-id': 'snippet' } },
          { run: 'a ${{ steps.mqtt.outputs.register-code }}' },
        ],
      },
    })
  })

  it.each([
    ['README.md', 'region-id: a\n', ROOT, { 'region-id': 'a', 'instance-id': 'snippet' }],
    ['sign/README.md', 'valid-days: 3\n', ROOT.replace('@', '/sign@'), { 'valid-days': 3 }],
    ['README.md', 'valid-days: 3\n', ROOT.replace('@', '/sign@'), { 'valid-days': 3 }],
  ])('in %s with an added step for its inputs', (document, text, uses, inputs) => {
    expect(workflow(text, document)['jobs']).toMatchObject({ snippet: { steps: [{ uses, with: inputs }] } })
  })

  it('unless it is a configuration of Dependabot', () => {
    expect(
      asWorkflow({ document: 'README.md', line: 20, text: 'version: 2\nupdates: []\n' }, ACTIONS),
    ).toBeUndefined()
  })

  it.each([
    ['an input that no action has', 'region: a\n', 'neither a part of a workflow nor inputs'],
    [
      'an output that no action has',
      '- run: ${{ steps.mqtt.outputs.code }}\n',
      'no action of this repository has the outputs code',
    ],
  ])('unless it uses %s', (_, text, message) => {
    expect(() => asWorkflow({ document: 'README.md', line: 20, text }, ACTIONS)).toThrow(
      `README.md:20: ${message}`,
    )
  })
})
