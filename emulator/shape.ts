/**
 * Checks a JSON value from outside (the config file, a list of faults) and gives it a type.
 *
 * @param path where the value stands, e.g. `accessKeys[0].policy`: errors name it
 * @throws ShapeError
 */
export type Shape<T> = (value: unknown, path: string) => T

/** What a shape lets through. */
export type Shaped<S> = S extends Shape<infer T> ? T : never

/** The value is not of the shape that was asked for. The message is fit to print. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

type Fields = Readonly<Record<string, Shape<unknown>>>

/** An object with these keys and no other. */
export function object<R extends Fields, O extends Fields>(
  required: R,
  optional: O,
): Shape<{ [K in keyof R]: Shaped<R[K]> } & { [K in keyof O]?: Shaped<O[K]> }> {
  const known = { ...required, ...optional }
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'is not an object')
    const missing = Object.keys(required).find((key) => !Object.hasOwn(value, key))
    if (missing !== undefined) fail(path, `lacks "${missing}"`)
    const entries = Object.entries(value).map(([key, item]) => {
      const shape = Object.hasOwn(known, key) ? known[key] : undefined
      if (shape === undefined)
        fail(path, `has an unknown key "${key}"; known: ${Object.keys(known).join(', ')}`)
      return [key, shape(item, path === '' ? key : `${path}.${key}`)]
    })
    // The loop above is what makes this true, key by key.
    return Object.fromEntries(entries) as { [K in keyof R]: Shaped<R[K]> } & { [K in keyof O]?: Shaped<O[K]> }
  }
}

export function listOf<T>(item: Shape<T>): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value)) fail(path, 'is not a list')
    return value.map((element: unknown, index) => item(element, `${path}[${index}]`))
  }
}

/** One value, or a list of them: both are read as a list. */
export function oneOrMore<T>(item: Shape<T>): Shape<T[]> {
  return (value, path) => (Array.isArray(value) ? listOf(item)(value, path) : [item(value, path)])
}

export function recordOf<T>(item: Shape<T>): Shape<Record<string, T>> {
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(path, 'is not an object')
    return Object.fromEntries(
      Object.entries(value).map(([key, element]) => [key, item(element, `${path}.${key}`)]),
    )
  }
}

export const text: Shape<string> = (value, path) => {
  if (typeof value !== 'string') fail(path, 'is not a text')
  return value
}

/** A moment, written as ISO 8601. */
export const moment: Shape<Date> = (value, path) => {
  const date = new Date(typeof value === 'string' ? value : NaN)
  if (Number.isNaN(date.getTime())) fail(path, 'is not a moment as ISO 8601 writes it')
  return date
}

export const boolean: Shape<boolean> = (value, path) => {
  if (typeof value !== 'boolean') fail(path, 'is not true or false')
  return value
}

export function integer(min: number, max: number): Shape<number> {
  return (value, path) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value
    fail(path, `is not a whole number from ${min} to ${max}`)
  }
}

export function oneOf<const T extends string>(...choices: readonly T[]): Shape<T> {
  return (value, path) =>
    choices.find((choice) => choice === value) ?? fail(path, `is not one of ${choices.join(', ')}`)
}

export function orNull<T>(shape: Shape<T>): Shape<T | null> {
  return (value, path) => (value === null ? null : shape(value, path))
}

function fail(path: string, what: string): never {
  throw new ShapeError(`${path === '' ? 'the whole' : path} ${what}`)
}
