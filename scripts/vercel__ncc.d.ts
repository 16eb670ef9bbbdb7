/** The part of ncc's programmatic interface that the build uses; the package has no types of its own. */
declare module '@vercel/ncc' {
  type Options = {
    cache?: string | false
    externals?: Readonly<Record<string, string>>
    minify?: boolean
    quiet?: boolean
    esm?: boolean
    target?: string
    mainFields?: readonly string[]
  }
  type Module = { resource?: string; modules?: Iterable<Module> }
  type Bundle = {
    code: string
    assets: Record<string, { source: string | Buffer }>
    /** What webpack says of its run. */
    stats: { compilation: { modules: Iterable<Module> } }
  }
  export default function ncc(entry: string, options: Options): Promise<Bundle>
}
