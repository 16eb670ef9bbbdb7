import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(dirname(import.meta.dirname))

/**
 * Makes actions that replace those of others in an example, which act would download.
 *
 * @param commands for a shell, by the name of the replaced action; they can use the inputs `name` and `path`
 * @returns the folders, by `owner/name@ref` as the example has it
 */
export function standIns(
  example: string,
  folder: string,
  commands: Readonly<Record<string, string>>,
): Record<string, string> {
  const workflow = readFileSync(join(root, 'examples', `${example}.yml`), 'utf8')
  const folders = Object.entries(commands).flatMap(([name, command]) => {
    const [action] = new RegExp(`(?<=uses: )${name}@\\S+`).exec(workflow) ?? []
    return action === undefined ? [] : [[action, standIn(join(folder, name), command)] as const]
  })
  return Object.fromEntries(folders)
}

function standIn(folder: string, command: string): string {
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'action.yml'),
    `name: Stand-in
inputs:
  name: {}
  path: {}
runs:
  using: composite
  steps:
    - run: ${command}
      shell: bash
`,
  )
  return folder
}
