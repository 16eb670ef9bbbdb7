/** Checks requests to GitHub, and answers, against GitHub's published OpenAPI description. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'

/** The parts of the description that are used here. */
type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}
type Described = {
  readonly parameters?: readonly ({ readonly $ref: string } | Parameter)[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}
type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly schema: object
}
type Content = { readonly 'application/json': { readonly schema: { readonly properties?: object } } }

/** Reads GitHub's description. That takes a tenth of a second. */
export function readOpenApi() {
  const file = 'node_modules/@octokit/openapi/generated/api.github.com.json'
  const all = JSON.parse(readFileSync(join(dirname(import.meta.dirname), file), 'utf8')) as Description
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const compiled = new Map<object, ValidateFunction>()
  const check = (what: string, schema: object, value: unknown): string[] => {
    // Only the schemas that it needs: compiling all would take seconds.
    const alone = (): object => toJsonSchema({ ...schema, components: { schemas: schemasFor(schema, all) } })
    const validate = compiled.get(schema) ?? ajv.compile(alone())
    compiled.set(schema, validate)
    return validate(value) ? [] : [`${what}: ${ajv.errorsText(validate.errors)}`]
  }
  const describedFor = (operation: string): Described | undefined => {
    const [method = '', path = ''] = operation.split(' ')
    return all.paths[path]?.[method.toLowerCase()]
  }
  return {
    problemsOf: (
      operation: string,
      { url, body }: { readonly url: URL; readonly body: object },
    ): string[] => {
      const described = describedFor(operation)
      if (described === undefined) return []
      const parameters = (described.parameters ?? []).map((parameter) =>
        '$ref' in parameter ? (lookUp(parameter.$ref, all) as Parameter) : parameter,
      )
      const ofQuery = [...url.searchParams].flatMap(([name, value]) => {
        const known = parameters.find((parameter) => parameter.in === 'query' && parameter.name === name)
        if (known === undefined) return [`${operation}: no parameter ${name}`]
        const isInteger = 'type' in known.schema && known.schema.type === 'integer'
        return check(`${operation}: ${name}`, known.schema, isInteger ? Number(value) : value)
      })
      const schema = described.requestBody?.content['application/json'].schema
      if (schema === undefined) return ofQuery
      const unknown = Object.keys(body).filter((name) => !(name in (schema.properties ?? {})))
      return [
        ...ofQuery,
        ...unknown.map((name) => `${operation}: no property ${name}`),
        ...check(operation, schema, body),
      ]
    },
    problemsOfAnswer: (
      operation: string,
      { status, body }: { readonly status: number; readonly body: unknown },
    ): string[] => {
      const described = describedFor(operation)
      if (described === undefined || status >= 300) return []
      const schema = described.responses[status]?.content?.['application/json'].schema
      if (schema === undefined) return [`${operation}: no answer with status ${status}`]
      return check(`the answer to ${operation}`, schema, body)
    },
  }
}

/** Returns the schemas that a schema refers to, directly or not. */
function schemasFor(schema: object, all: Description): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  const waiting: unknown[] = [schema]
  while (waiting.length > 0) {
    for (const [, name = ''] of JSON.stringify(waiting.pop()).matchAll(
      /"#\/components\/schemas\/([^"]+)"/g,
    )) {
      if (name in found) continue
      found[name] = all.components['schemas']?.[name]
      waiting.push(found[name])
    }
  }
  return found
}

/** Replaces what only OpenAPI 3.0 knows. */
function toJsonSchema(schema: object): object {
  return JSON.parse(JSON.stringify(schema), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('nullable' in value)) return value
    const { nullable, ...rest } = value
    return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest
  }) as object
}

function lookUp(ref: string, all: Description): unknown {
  const [, , kind = '', name = ''] = ref.split('/')
  return all.components[kind]?.[name]
}
