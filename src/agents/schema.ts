import { createRequire } from 'node:module'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import { messageOf, OrchestrationError } from '../core/errors.ts'
import { hashJson, type JsonObject, type JsonValue } from '../core/json.ts'
import type { Schema } from './contract.ts'

/** A value that passed, with the schema's defaults and conversions applied, or why it did not. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string; readonly issues: readonly JsonObject[] }

/** Checks a value. A JSON Schema's defaults are written into the given value; pass a copy of your own. */
export type SchemaCheck = (value: unknown) => Checked | PromiseLike<Checked>

const issuesMax = 20

/**
 * Compiles a Standard Schema or a JSON Schema 2020-12. Formats are those of ajv-formats plus `file-path`.
 *
 * @throws AgentModuleError when it is neither, or the JSON Schema is invalid or refers to another document.
 */
export function compileSchema(schema: Schema, what: string): SchemaCheck {
  if (isStandardSchema(schema)) return (value) => checkStandard(schema, value)
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    throw new OrchestrationError('AgentModuleError', `${what} is no schema`, {
      hint: 'give a Standard Schema (zod and others) or a JSON Schema object',
    })
  }
  try {
    const validate = validatorOf(schema)
    return (value) => {
      if (validate(value)) return { ok: true, value }
      return refusedByAjv(validate.errors ?? [])
    }
  } catch (error) {
    throw new OrchestrationError(
      'AgentModuleError',
      `${what} is no valid JSON Schema: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
}

const validators = new WeakMap<object, ValidateFunction>()

/** Compiled once for each object. The compiler would keep it for ever. */
function validatorOf(schema: JsonObject): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const validate = jsonSchemaCompiler().compile(schema)
  jsonSchemaCompiler().removeSchema(schema)
  validators.set(schema, validate)
  return validate
}

/** A digest of a schema: of its JSON Schema where it has one, else of its vendor's name only. */
export function schemaDigest(schema: Schema | undefined): JsonValue {
  if (schema === undefined) return null
  const converted = convertedSchema(schema)
  if (converted !== null) return hashJson(converted)
  return `opaque:${(schema as StandardSchemaV1)['~standard'].vendor}`
}

/**
 * The JSON Schema of what a schema takes.
 *
 * @throws AgentModuleError when it has none
 */
export function jsonSchemaOf(schema: Schema, what: string): JsonObject {
  const converted = convertedSchema(schema)
  if (converted !== null) return converted
  throw new OrchestrationError('AgentModuleError', `${what}: its schema has no JSON Schema`, {
    hint: 'leave out transforms and custom checks, or give a JSON Schema',
  })
}

const conversions = new WeakMap<object, JsonObject | null>()

/** Transforms and custom checks have no JSON Schema, nor have vendors that do not convert: null. */
function convertedSchema(schema: Schema): JsonObject | null {
  if (!isStandardSchema(schema)) return schema
  const known = conversions.get(schema)
  if (known !== undefined) return known
  const converted = convert(schema)
  conversions.set(schema, converted)
  return converted
}

function convert(schema: StandardSchemaV1): JsonObject | null {
  const { jsonSchema } = schema['~standard'] as {
    readonly jsonSchema?: { input(options: { target: string }): JsonObject }
  }
  try {
    return jsonSchema?.input({ target: 'draft-2020-12' }) ?? null
  } catch {
    return null
  }
}

/** True for an object that follows Standard Schema v1. */
function isStandardSchema(schema: unknown): schema is StandardSchemaV1 {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  const standard: unknown = (schema as { '~standard'?: unknown })['~standard']
  return typeof standard === 'object' && standard !== null && 'validate' in standard
}

function checkStandard(schema: StandardSchemaV1, value: unknown): Checked | PromiseLike<Checked> {
  const result = schema['~standard'].validate(value)
  return 'then' in result ? result.then(readStandard) : readStandard(result)
}

function readStandard(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value }
  return refused(
    result.issues.map((issue) => ({ path: standardPath(issue.path), message: issue.message })),
  )
}

function standardPath(path: StandardSchemaV1.Issue['path']): string {
  if (path === undefined) return ''
  return path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
}

function refusedByAjv(errors: readonly ErrorObject[]): Checked {
  return refused(
    errors.map((error) => ({
      path: error.instancePath.slice(1).replaceAll('/', '.'),
      message: `${error.message ?? error.keyword}${namedParameter(error)}`,
    })),
  )
}

// Ajv's own sentence leaves out which property or values it means.
function namedParameter(error: ErrorObject): string {
  const parameters: Readonly<Record<string, unknown>> = error.params
  if (typeof parameters['additionalProperty'] === 'string')
    return ` ('${parameters['additionalProperty']}')`
  if (Array.isArray(parameters['allowedValues']))
    return `: ${JSON.stringify(parameters['allowedValues'])}`
  return ''
}

function refused(found: readonly { readonly path: string; readonly message: string }[]): Checked {
  const issues = found
    .slice(0, issuesMax)
    .map(({ path, message }) => ({ path, message: message.slice(0, 300) }))
  const message = issues
    .map(({ path, message: text }) => (path === '' ? text : `${path}: ${text}`))
    .join('; ')
  return { ok: false, message: message.slice(0, 1_500), issues }
}

let compiler: Ajv2020 | undefined

// Loaded on first use: most agents have no JSON Schema, and `aura ls` must not pay for the compiler.
function jsonSchemaCompiler(): Ajv2020 {
  if (compiler !== undefined) return compiler
  const require = createRequire(import.meta.url)
  const { Ajv2020: Compiler } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const { default: addFormats } = require('ajv-formats') as typeof import('ajv-formats')
  compiler = new Compiler({ strict: false, allErrors: true, useDefaults: true, logger: false })
  ;(addFormats as unknown as (ajv: Ajv2020) => void)(compiler)
  compiler.addFormat('file-path', true)
  return compiler
}
