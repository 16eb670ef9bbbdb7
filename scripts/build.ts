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
const compiled = join(root, '.build')
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)

rmSync(compiled, { recursive: true, force: true })
// ncc's own TypeScript loader is slower, and does not know TypeScript 7, so it gets JavaScript.
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
rmSync(dist, { recursive: true, force: true })

// undici is more than half of a plain bundle and a third of the time to load it. Only a proxied request of
// @actions/http-client needs it, so it is a bundle of its own, loaded by the file below when one is made.
const httpClient = createRequire(import.meta.resolve('@actions/http-client'))
await bundle(httpClient.resolve('undici'), 'undici')
writeDist(
  'undici-on-demand.js',
  "// Loads undici when it is asked for, instead of with the action.\nmodule.exports = { get ProxyAgent() { return require('./undici/index.js').ProxyAgent } }\n",
)
// @actions/github brings all of GitHub's API along; only the words of an error need its context, so it is loaded then.
await bundle(fileURLToPath(import.meta.resolve('@actions/github')), 'github', {
  undici: '../undici-on-demand.js',
})
// Most runs make no seal, and two actions can share what makes one.
await bundle(fileURLToPath(import.meta.resolve('jose')), 'jose')
await bundle(join(compiled, 'entries/get-register-code.js'), '.', {
  undici: './undici-on-demand.js',
  '@actions/github': './github/index.js',
  jose: './jose/index.js',
})
await bundle(join(compiled, 'entries/sign.js'), 'sign', { undici: '../undici-on-demand.js' })
await bundle(join(compiled, 'entries/unseal.js'), 'unseal', {
  undici: '../undici-on-demand.js',
  jose: '../jose/index.js',
})
// The repository's own package.json says "module"; the bundles are CommonJS, which can load a part of it late.
writeDist('package.json', '{ "type": "commonjs" }\n')

async function bundle(entry: string, folder: string, externals: Record<string, string> = {}): Promise<void> {
  const { code, assets } = await ncc(entry, {
    cache: false,
    esm: false,
    externals,
    license: 'licenses.txt',
    minify: true,
    quiet: true,
  })
  writeDist(join(folder, 'index.js'), code)
  for (const [name, { source }] of Object.entries(assets)) writeDist(join(folder, name), source)
}

function writeDist(path: string, content: string | Buffer): void {
  const file = join(dist, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
