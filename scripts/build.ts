/**
 * `npm run build`: makes `dist/`. The TypeScript compiler writes JavaScript to `.build/`, ncc makes a bundle of it for
 * each action, and terser minifies all files of a bundle. A dynamic `import()` in `src/` becomes a file beside the
 * bundle.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import ncc from '@vercel/ncc'
import { minify } from 'terser'
import { type BundledModule, bundledLicences } from './bundled-licences.ts'

/** The folder of each bundle in `dist/`, and the file it starts from. */
const BUNDLES = {
  '.': 'src/entries/get-register-code.js',
  sign: 'src/entries/sign.js',
  register: 'src/entries/register.js',
  unseal: 'src/entries/unseal.js',
  certificates: 'src/entries/certificates.js',
  fleet: 'src/entries/fleet.js',
  emulator: 'emulator/action/entry.js',
}

/** The actions that share a bundle, by its folder. The others have their own, because one file loads faster. */
const SHARED = {
  certificates: ['create-ca', 'issue-device-certificates'],
  fleet: ['inventory', 'set-status'],
}

/**
 * What the SDK requires when it is loaded, although few runs use it: the default chain, and error messages in XML.
 * Each is a separate bundle, which is loaded when it is first used. This saves about a tenth of the time of a run.
 */
const LOADED_ON_USE = ['@alicloud/credentials', '@alicloud/tea-xml']

/**
 * What `@actions/github` creates when it is loaded for Octokit: HTTP clients, with the 426 kB of undici, and a method for
 * each of GitHub's operations. The expiry issue has its own `fetch`, and names operations by their path.
 */
const NEVER_USED = ['undici', '@actions/http-client', '@octokit/plugin-rest-endpoint-methods']

/**
 * Packages whose modules do nothing when they are imported, and whose package.json does not declare that. With the
 * declaration the bundler drops the modules that nothing uses, such as the HTTP clients, with the 426 kB of undici.
 */
const WITHOUT_SIDE_EFFECTS = [
  '@actions/core',
  '@actions/github',
  '@peculiar/asn1-schema',
  '@peculiar/asn1-x509',
]

const root = dirname(import.meta.dirname)
const built = join(root, '.build')
const dist = join(root, 'dist')
const require = createRequire(import.meta.url)
const modules: BundledModule[] = []

rmSync(built, { recursive: true, force: true })
// The TypeScript loader of ncc is slower, and does not support TypeScript 7.
execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
})
for (const name of WITHOUT_SIDE_EFFECTS) declareNoSideEffects(name)
rmSync(dist, { recursive: true, force: true })

for (const library of LOADED_ON_USE) {
  const name = basename(library)
  await bundle(createRequire(require.resolve('@alicloud/openapi-client')).resolve(library), `late/${name}`)
  write(
    `late/${name}.js`,
    `module.exports = new Proxy({}, { get: (_, name) => name === '__esModule' || require('./${name}/index.js')[name] })\n`,
  )
}
write(
  'late/never-used.js',
  'exports.HttpClient = class { getAgent() {} getAgentDispatcher() {} }\nexports.restEndpointMethods = () => ({})\n',
)
for (const [folder, entry] of Object.entries(BUNDLES)) {
  const late = `${folder === '.' ? '.' : '..'}/late`
  const loaders = [
    ...LOADED_ON_USE.map((library) => [library, `${late}/${basename(library)}.js`] as const),
    ...NEVER_USED.map((library) => [library, `${late}/never-used.js`] as const),
  ]
  await bundle(join(built, entry), folder, Object.fromEntries(loaders))
}
write('emulator/end.js', startOf('end', './index.js'))
for (const [folder, actions] of Object.entries(SHARED)) {
  for (const action of actions) write(`${action}/index.js`, startOf(action, `../${folder}/index.js`))
}
write('licenses.txt', bundledLicences(modules))
// The package.json of the repository declares ES modules. The bundles are CommonJS.
write('package.json', '{ "type": "commonjs" }\n')

/** Makes a file that starts a bundle with an argument. */
function startOf(argument: string, bundle: string): string {
  return `process.argv[2] = '${argument}'\nrequire('${bundle}')\n`
}

/** Makes the compiled code find a copy of a package that declares that it has no side effects. */
function declareNoSideEffects(name: string): void {
  const copy = join(built, 'node_modules', name)
  cpSync(join(root, 'node_modules', name), copy, { recursive: true })
  const manifest = require(join(copy, 'package.json')) as object
  writeFileSync(join(copy, 'package.json'), JSON.stringify({ ...manifest, sideEffects: false }))
}

/** @param loaders for each library that is not part of the bundle, the file that loads it */
async function bundle(entry: string, folder: string, loaders: Record<string, string> = {}): Promise<void> {
  const { code, assets, stats } = await ncc(entry, {
    cache: false,
    esm: false,
    externals: {
      ...loaders,
      // An optional peer of debug. It is installed only because tools for development depend on it.
      'supports-color': 'supports-color',
      // A copy of Node's own streams, 97 kB.
      'readable-stream': 'stream',
    },
    // Prefers ES modules. Only of them can the bundler drop what nothing uses.
    mainFields: ['module', 'main'],
    quiet: true,
  })
  write(join(folder, 'index.js'), await minified(code))
  for (const [name, { source }] of Object.entries(assets)) {
    write(join(folder, name), await minified(String(source)))
  }
  const { chunks, chunkGraph } = stats.compilation
  for (const chunk of chunks) modules.push(...chunkGraph.getChunkModulesIterable(chunk))
}

/** Minifies a file. ncc only shortens names, and leaves the files of dynamic imports as they are. */
async function minified(source: string): Promise<string> {
  // Libraries read the names of their classes, and people read stack traces.
  const kept = { keep_classnames: true, keep_fnames: true }
  const { code = '' } = await minify(source, {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 2, ...kept },
    mangle: kept,
    // With one character beyond Latin-1, V8 would need twice the memory for the whole file.
    format: { ascii_only: true },
  })
  return code
}

function write(path: string, content: string): void {
  const file = join(dist, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
}
