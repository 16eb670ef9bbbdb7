/**
 * Makes `dist/`: TypeScript to JavaScript, then one minified bundle for each action. What the bundler is told, and
 * why, stands here and nowhere else.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import ncc from '@vercel/ncc'
import { minify } from 'terser'
import { bundledLicences } from './bundled-licences.ts'

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

/** Libraries look at the names of their classes, and stack traces are read by people. */
const KEPT = { keep_classnames: true, keep_fnames: true }

type Late = {
  readonly name: string
  /** What is used of it. */
  readonly names: readonly string[]
  readonly why: string
  /** Of a CommonJS library, its main file: it goes in whole. Of an ECMAScript module only the names go in. */
  readonly file?: string
}

/** What is loaded when it is needed, and not with the action: each a bundle of its own. */
const LATE: readonly Late[] = [
  {
    name: 'undici',
    names: ['fetch', 'ProxyAgent'],
    why: 'for the requests of Octokit',
    file: resolveFrom('@actions/http-client', 'undici'),
  },
  {
    name: '@actions/github',
    names: ['context'],
    why: 'for the words of an error: it brings all of the API along',
  },
  {
    name: '@actions/http-client',
    names: ['HttpClient'],
    why: "for GitHub's OIDC token: half of Node's own modules come along",
  },
  {
    name: 'tunnel',
    names: ['httpOverHttp', 'httpOverHttps', 'httpsOverHttp', 'httpsOverHttps'],
    why: "for GitHub's OIDC token behind a proxy: Node's assertions come along",
    file: resolveFrom('@actions/http-client', 'tunnel'),
  },
  { name: '@actions/exec', names: ['getExecOutput'], why: 'for the name of the operating system' },
  {
    name: 'jose',
    names: ['CompactEncrypt', 'compactDecrypt'],
    why: 'for a seal, which most runs do not make',
  },
  {
    name: '@alicloud/credentials',
    names: ['default', 'Config'],
    why: 'for the default chain of the SDK',
    file: require.resolve('@alicloud/credentials'),
  },
  {
    name: '@alicloud/tea-xml',
    names: ['default'],
    why: 'for answers in XML: half of what the SDK loads',
    file: resolveFrom('@alicloud/openapi-client', '@alicloud/tea-xml'),
  },
]

for (const late of LATE) {
  const file = lateFile(late.name)
  await bundle(entryOf(late), `late/${file}`, '../..', late.name)
  // A library that is imported statically is loaded at the first use of one of its names.
  const getters = late.names.map((name) => `get ${name}() { return require('./${file}/index.js').${name} }`)
  const members = ['get __esModule() { return true }', ...getters].join(',\n  ')
  writeDist(`late/${file}.js`, `// Loads ${late.name} ${late.why}.\nmodule.exports = {\n  ${members},\n}\n`)
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

/**
 * @param toDist from the bundle's folder
 * @param itself the library that the bundle is made of
 */
async function bundle(entry: string, folder: string, toDist: string, itself?: string): Promise<void> {
  const others = LATE.filter(({ name }) => name !== itself)
  const { code, assets, stats } = await ncc(entry, {
    cache: false,
    esm: false,
    externals: {
      ...Object.fromEntries(others.map(({ name }) => [name, `${toDist}/late/${lateFile(name)}.js`])),
      // An optional peer of debug. It is there because of tools that only developers have, and not asked for here.
      'supports-color': 'supports-color',
    },
    // ECMAScript modules where a library has them: what nobody imports can be left out, the rest becomes one scope.
    mainFields: ['module', 'main'],
    quiet: true,
  })
  writeDist(join(folder, 'index.js'), await minified(code))
  writeDist(join(folder, 'licenses.txt'), bundledLicences(stats.compilation.modules))
  for (const [name, { source }] of Object.entries(assets)) writeDist(join(folder, name), source)
}

function entryOf({ name, names, file }: Late): string {
  if (file !== undefined) return file
  const entry = join(compiled, `late-${lateFile(name)}.js`)
  writeFileSync(entry, `export { ${names.join(', ')} } from '${name}'\n`)
  return entry
}

/** The main file of a library that only another library depends on. */
function resolveFrom(dependent: string, library: string): string {
  return createRequire(import.meta.resolve(dependent)).resolve(library)
}

function lateFile(library: string): string {
  return library.replace('@', '').replace('/', '-')
}

/** Not by the bundler, which shortens, and leaves in what nobody uses: a fifth of a bundle. */
async function minified(code: string): Promise<string> {
  const { code: small } = await minify(code, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 2, ...KEPT },
    mangle: KEPT,
    // One character beyond Latin-1, such as an ellipsis, makes V8 hold a script in twice the memory, and read it slower.
    format: { ascii_only: true },
  })
  if (small === undefined) throw new Error('The minifier gave nothing back.')
  return small
}

function writeDist(path: string, content: string | Buffer): void {
  const file = join(dist, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
