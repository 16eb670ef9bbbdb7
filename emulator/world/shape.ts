import * as v from 'valibot'

/** A value from outside does not have the expected shape. The message is safe to print: it quotes no value. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/**
 * Checks a JSON value from outside (a config, fault orders, a policy) and gives it a type.
 *
 * @throws ShapeError with the place, for example `accessKeys[0].policy`, and the problem
 */
export function check<S extends v.GenericSchema>(shape: S, value: unknown): v.InferOutput<S> {
  const result = v.safeParse(shape, value, { abortEarly: true, message: problemOf })
  if (result.success) return result.output
  const [issue] = result.issues
  const path = (issue.path ?? []).map(({ key }) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  const place = path.join('').replace(/^\./, '')
  throw new ShapeError(`${place === '' ? 'the value' : place} ${issue.message}`)
}

function problemOf({ expected, received }: v.BaseIssue<unknown>): string {
  if (expected === 'never') return 'is not a known key'
  return received === 'undefined' ? 'is missing' : `must be ${expected ?? 'valid'}`
}

export function integer(min: number, max: number) {
  const problem = `must be a whole number from ${min} to ${max}`
  return v.pipe(v.number(problem), v.integer(problem), v.minValue(min, problem), v.maxValue(max, problem))
}

/** Accepts one string or a list. Returns a list. */
export const texts = v.pipe(
  v.union([v.string(), v.array(v.string())]),
  v.transform((value) => (typeof value === 'string' ? [value] : value)),
)

/** Accepts a time in ISO 8601. */
export const time = v.pipe(
  v.string(),
  v.transform((value) => new Date(value)),
  v.check((date) => !Number.isNaN(date.getTime()), 'must be a time in ISO 8601'),
)

/** Accepts an object with any of these keys and no others. */
export function partial<const E extends v.ObjectEntries>(entries: E) {
  const shape = v.partial(v.strictObject(entries))
  // Valibot accepts an empty list as an object.
  const object = v.custom<v.InferInput<typeof shape>>((value) => !Array.isArray(value), 'must be Object')
  return v.pipe(object, shape)
}
