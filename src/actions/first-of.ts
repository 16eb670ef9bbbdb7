/** How many bad things an annotation names, which has at most 4,096 characters. */
const MAX_NAMED = 20
/** The room for all of them. Few can have longer texts. */
const MAX_LENGTH = 2800
const MAX_NAME_LENGTH = 60
/** More different fixes would be too long for an annotation. */
const MAX_FIXES = 3

/**
 * Joins the problems of the first of many things for an annotation, each cut.
 *
 * @param bad the things that are bad
 * @param describe returns the name of one, and what follows the name
 * @param place what has all
 * @returns foreign: parts of the words with names from others
 */
export function firstOf<T>(
  bad: readonly T[],
  describe: (one: T) => { readonly name: string; readonly problem?: string },
  place = 'the log',
): { readonly words: string; readonly foreign: readonly string[] } {
  const named = bad.slice(0, MAX_NAMED)
  const maxLength = Math.floor(MAX_LENGTH / named.length)
  const foreign = named.map(describe).map(({ name, problem = '' }) => {
    const text = `${shortName(name)} ${problem}`.trimEnd()
    return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text
  })
  const more = bad.length > MAX_NAMED ? [`and ${bad.length - MAX_NAMED} more, in ${place}`] : []
  return { words: [...foreign, ...more].join('; '), foreign }
}

/** Returns the end of a long name: that of a path has the name of the file. */
export function shortName(name: string): string {
  return name.length > MAX_NAME_LENGTH ? `…${name.slice(-MAX_NAME_LENGTH)}` : name
}

/** Joins what to do about many problems, each once. */
export function firstFixes(problems: readonly { readonly fix: string }[]): string {
  return [...new Set(problems.map(({ fix }) => fix))].slice(0, MAX_FIXES).join(' ')
}
