/** The part of ncc's programmatic interface that the build uses; the package has no types of its own. */
declare module '@vercel/ncc' {
  type Options = {
    cache?: string | false
    externals?: Readonly<Record<string, string>>
    minify?: boolean
    license?: string
    quiet?: boolean
    esm?: boolean
    target?: string
    mainFields?: readonly string[]
  }
  type Bundle = { code: string; assets: Record<string, { source: string | Buffer }> }
  export default function ncc(entry: string, options: Options): Promise<Bundle>
}
