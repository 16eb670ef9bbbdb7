import { expect, it } from '@jest/globals'
import { blocksIn, sectionOf } from '../support/documents.ts'
import { emulated } from '../support/emulated.ts'

const INSTANCE_OF_ANOTHER_REGION = 'post-cn-7mz2d000000'
const service = emulated()

/** Joins the lines of a text, and replaces the values that differ in each run. */
function normalize(text: string, endpoint: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(endpoint, 'onsmqtt.cn-hangzhou.aliyuncs.com')
    .replace(/request [\dA-F-]{36}/, 'request ID')
}

it('the README shows the annotation of a step whose instance is in another region', async () => {
  const [shown = ''] = blocksIn(sectionOf('README.md', 'When it fails'), 'text')
  const { annotations } = await service.getRegisterCode({ 'instance-id': INSTANCE_OF_ANOTHER_REGION })
  const { endpoint } = service.emulator.info
  expect(annotations.map((text) => normalize(`Error: ${text}`, endpoint))).toEqual([
    normalize(shown, endpoint),
  ])
})
