/** The part of ncc's programmatic interface that the build uses. The package contains no types. */
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
  type Chunk = { readonly files: Iterable<string> }
  type Bundle = {
    code: string
    assets: Record<string, { source: string | Buffer }>
    /** The statistics of webpack. */
    stats: {
      compilation: {
        chunks: Iterable<Chunk>
        chunkGraph: { getChunkModulesIterable(chunk: Chunk): Iterable<Module> }
      }
    }
  }
  export default function ncc(entry: string, options: Options): Promise<Bundle>
}
