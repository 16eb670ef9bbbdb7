/** A piece of YAML in a document, and the line on which it begins, counted from 1. */
export type Snippet = { readonly document: string; readonly line: number; readonly text: string }

/** The YAML snippets of a Markdown document, in their order. */
export function yamlSnippets(document: string, markdown: string): Snippet[] {
  const fenced = /^(?<indent> *)```ya?ml\b[^\n]*\n(?<text>[^]*?)^\k<indent>```$/gm
  return [...markdown.matchAll(fenced)].map((found) => {
    const { indent = '', text = '' } = found.groups ?? {}
    return {
      document,
      line: markdown.slice(0, found.index).split('\n').length + 1,
      text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }
  })
}
