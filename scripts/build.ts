/**
 * Makes `dist/`: TypeScript to JavaScript, then one minified bundle for each action. What the bundler is told, and
 * why, stands here and nowhere else.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ncc from '@vercel/ncc'

const root = dirname(import.meta.dirname)
const built = join(root, '.build')
const compiled = join(built, 'src')
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)

rmSync(built, { recursive: true, force: true })
// ncc's own TypeScript loader is slower, and does not know TypeScript 7, so it gets JavaScript.
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
rmSync(dist, { recursive: true, force: true })

/** What is loaded when it is needed, and not with the action: each a bundle of its own. */
const LATE: readonly { readonly name: string; readonly names: readonly string[]; readonly why: string }[] = [
  { name: 'undici', names: ['ProxyAgent'], why: 'for the requests of Octokit behind a proxy' },
  {
    name: '@actions/github',
    names: ['context'],
    why: 'for the words of an error: it brings all of the API along',
  },
  {
    name: 'jose',
    names: ['CompactEncrypt', 'compactDecrypt'],
    why: 'for a seal, which most runs do not make',
  },
  { name: '@alicloud/credentials', names: ['default', 'Config'], why: 'for the default chain of the SDK' },
  { name: '@alicloud/tea-xml', names: ['default'], why: 'for answers in XML: half of what the SDK loads' },
]
const from = {
  undici: createRequire(import.meta.resolve('@actions/http-client')),
  '@alicloud/tea-xml': createRequire(import.meta.resolve('@alicloud/openapi-client')),
} as Readonly<Record<string, NodeJS.Require | undefined>>

for (const { name, names, why } of LATE) {
  const entry = from[name]?.resolve(name) ?? fileURLToPath(import.meta.resolve(name))
  await bundle(entry, `late/${fileName(name)}`, '../..')
  // A library that is imported statically is loaded at the first use of one of its names.
  const getters = names.map(
    (exported) => `get ${exported}() { return require('./${fileName(name)}/index.js').${exported} }`,
  )
  const members = ['get __esModule() { return true }', ...getters].join(',\n  ')
  writeDist(`late/${fileName(name)}.js`, `// Loads ${name} ${why}.\nmodule.exports = {\n  ${members},\n}\n`)
}
await bundle(join(compiled, 'entries/get-register-code.js'), '.', '.')
await bundle(join(compiled, 'entries/sign.js'), 'sign', '..')
await bundle(join(compiled, 'entries/register.js'), 'register', '..')
await bundle(join(compiled, 'entries/unseal.js'), 'unseal', '..')
await bundle(join(built, 'emulator/action/entry.js'), 'emulator', '..')
writeDist(
  'emulator/end.js',
  "// The post step of the emulator.\nprocess.argv[2] = 'end'\nrequire('./index.js')\n",
)
// The repository's own package.json says "module"; the bundles are CommonJS, which can load a part of it late.
writeDist('package.json', '{ "type": "commonjs" }\n')

/** @param toDist from the bundle's folder */
async function bundle(entry: string, folder: string, toDist: string): Promise<void> {
  const { code, assets } = await ncc(entry, {
    cache: false,
    esm: false,
    externals: Object.fromEntries(LATE.map(({ name }) => [name, `${toDist}/late/${fileName(name)}.js`])),
    license: 'licenses.txt',
    minify: true,
    quiet: true,
  })
  writeDist(join(folder, 'index.js'), code)
  for (const [name, { source }] of Object.entries(assets)) writeDist(join(folder, name), source)
}

function fileName(library: string): string {
  return library.replace('@', '').replace('/', '-')
}

function writeDist(path: string, content: string | Buffer): void {
  const file = join(dist, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
