import { ShapeError } from './shape.ts'

/** What a config says of things of one kind: the default one, and all of them by their id. */
export type Entries<T> = { readonly all: ReadonlyMap<string, T>; readonly default: T }

/** An entry of a config's list. */
type Entry = { id?: string; default?: boolean }

/**
 * Makes things of a config's list. The entry without an id is the default thing, or the one that says so, which can have
 * an id of its own. It is there even when no entry speaks of it.
 *
 * @param list.name the list's key in the config, for errors
 * @param list.defaultId of the default thing, when its entry has none
 * @throws ShapeError when two entries have one id, or are the default one
 */
export function makeEntries<E extends Entry, T>(
  list: { readonly name: string; readonly entries: readonly E[] | undefined; readonly defaultId: string },
  make: (entry: Partial<E>, id: string, path: string) => T,
): Entries<T> {
  const placed = (list.entries ?? []).map((entry, index) => ({ entry, path: `${list.name}[${index}]` }))
  const [chosen, another] = placed.filter(({ entry }) => isDefault(entry))
  if (another !== undefined)
    throw new ShapeError(
      `${another.path} is a second default entry: one that says so, or has no id, there is only once`,
    )
  const defaultId = chosen?.entry.id ?? list.defaultId
  const defaultOne = make(chosen?.entry ?? {}, defaultId, chosen?.path ?? list.name)
  const all = new Map([[defaultId, defaultOne]])
  for (const { entry, path } of placed) {
    if (entry.id === undefined || isDefault(entry)) continue
    if (all.has(entry.id)) throw new ShapeError(`${path} has the id of another entry: ${entry.id}`)
    all.set(entry.id, make(entry, entry.id, path))
  }
  return { all, default: defaultOne }
}

/** Whether an entry speaks of the default thing of its list. */
export function isDefault({ id, default: saysSo }: Entry): boolean {
  return id === undefined || saysSo === true
}
