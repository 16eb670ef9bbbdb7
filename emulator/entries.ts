import { ShapeError } from './shape.ts'

/** What a config says of things of one kind: the default one, and all of them by their id. */
export type Entries<T> = { readonly all: ReadonlyMap<string, T>; readonly default: T }

/**
 * Makes things of a config's list. The entry without an id is the default thing, which is there even when no entry
 * speaks of it.
 *
 * @param list.name the list's key in the config, for errors
 * @throws ShapeError when two entries have one id, or none
 */
export function makeEntries<E extends { id?: string }, T>(
  list: { readonly name: string; readonly entries: readonly E[] | undefined; readonly defaultId: string },
  make: (entry: Partial<E>, id: string, path: string) => T,
): Entries<T> {
  const placed = (list.entries ?? []).map((entry, index) => ({ entry, path: `${list.name}[${index}]` }))
  const [unnamed, another] = placed.filter(({ entry }) => entry.id === undefined)
  if (another !== undefined)
    throw new ShapeError(`${another.path} has no id, and only one entry may have none`)
  const defaultOne = make(unnamed?.entry ?? {}, list.defaultId, unnamed?.path ?? list.name)
  const all = new Map([[list.defaultId, defaultOne]])
  for (const { entry, path } of placed) {
    if (entry.id === undefined) continue
    if (all.has(entry.id)) throw new ShapeError(`${path} has the id of another entry: ${entry.id}`)
    all.set(entry.id, make(entry, entry.id, path))
  }
  return { all, default: defaultOne }
}
