import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import ajvFormats from 'ajv-formats'
import { OrchestrationError, isOrchestrationError, messageOf } from '../../core/errors.ts'
import { canonicalJson } from '../../core/json.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { linearRegex } from './linear-regex.ts'
import { describeValue, pathText } from './problem.ts'
import type { Path, Problem } from './problem.ts'
import { endlessSchemaReason } from './schema-cost.ts'
import { valueAt } from './value-at.ts'

/** An input with the schema's defaults filled in, and what is wrong with it. */
export interface InputReading {
  readonly value: JsonValue
  /** Empty when the input is right. Paths begin with `input`; there are no lines. */
  readonly problems: readonly Problem[]
}

/** A fault of a schema: where in it, and what. */
export interface SchemaFault {
  readonly path: Path
  readonly message: string
  readonly hint: string | null
}

/** A violation that a validator found; `path` leads to the value that breaks the schema. */
interface Violation {
  readonly path: Path
  readonly keyword: string
  /** Keys from the schema's root to the keyword, joined by `/`. */
  readonly schemaPath: string
  readonly expected: string
}

/** Checks a value in place: defaults are written into it. */
export type InputValidator = (value: JsonValue) => readonly Violation[]

/**
 * Makes the check of a workflow's input from its JSON Schema 2020-12. Null accepts any object. The
 * check works on a copy, so the caller's value stays as it is; patterns run on a linear-time engine;
 * the format `file-path` is any text.
 *
 * @throws DocumentError when the schema is not valid
 */
export function compileInput(schema: JsonObject | null): (input: JsonValue) => InputReading {
  const compiled = compileSchema(schema ?? { type: 'object' })
  if ('faults' in compiled) {
    throw new OrchestrationError(
      'DocumentError',
      `the input schema is not valid: ${compiled.faults[0]?.message}`,
    )
  }
  const { validate } = compiled
  return (input) => {
    const value = structuredClone<JsonValue>(input)
    const violations = validate(value).slice(0, limits.problemsMax)
    return { value, problems: violations.map((violation) => inputProblem(violation, value)) }
  }
}

/** The validator of a JSON Schema 2020-12, or what is wrong with the schema. */
export function compileSchema(
  schema: JsonObject,
): { readonly validate: InputValidator } | { readonly faults: readonly SchemaFault[] } {
  const endless = endlessSchemaReason(schema)
  if (endless !== null) return { faults: [{ path: [], message: endless, hint: null }] }
  const ajv = newAjv()
  try {
    if (!ajv.validateSchema(schema)) return { faults: (ajv.errors ?? []).map(schemaFault) }
    if (schema.$async !== undefined)
      return { faults: [{ path: ['$async'], message: '$async is not read', hint: null }] }
    const validate = ajv.compile<JsonValue>(schema)
    return { validate: (value) => runValidator(validate, value) }
  } catch (thrown) {
    return { faults: [thrownFault(thrown)] }
  }
}

// One for each schema: `$id`s of different documents never meet, and nothing is kept afterwards.
function newAjv(): Ajv2020 {
  const regExp = Object.assign((pattern: string) => linearRegex(pattern), { code: 'linearRegex' })
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    useDefaults: true,
    ownProperties: true,
    inlineRefs: false,
    logger: false,
    code: { regExp },
  })
  ajvFormats.default(ajv)
  ajv.addFormat('file-path', true)
  // The validator's own check compares each pair of items.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    error: { message: 'must not hold equal items' },
    validate: (isOn: boolean, items: readonly JsonValue[]) =>
      !isOn || new Set(items.map(canonicalJson)).size === items.length,
  })
  return ajv
}

function runValidator(
  validate: ValidateFunction<JsonValue>,
  value: JsonValue,
): readonly Violation[] {
  try {
    if (validate(value)) return []
    return (validate.errors ?? []).map((error) => violationOf(error, value))
  } catch (thrown) {
    return [{ path: [], keyword: 'error', schemaPath: '#', expected: messageOf(thrown) }]
  }
}

function violationOf(error: ErrorObject, value: JsonValue): Violation {
  const base = pointerPath(error.instancePath, value)
  const params = error.params as Readonly<Record<string, unknown>>
  const key = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  return {
    path: typeof key === 'string' ? [...base, key] : base,
    keyword: error.keyword,
    schemaPath: error.schemaPath,
    expected: expectedBy(error, params),
  }
}

function expectedBy(error: ErrorObject, params: Readonly<Record<string, unknown>>): string {
  if (error.keyword === 'required') return 'a value'
  if (error.keyword === 'additionalProperties' || error.keyword === 'unevaluatedProperties')
    return 'no such key'
  if (error.keyword === 'enum' && Array.isArray(params.allowedValues)) {
    return `one of ${params.allowedValues
      .slice(0, 20)
      .map((one) => JSON.stringify(one))
      .join(', ')}`
  }
  if (error.keyword === 'const') return JSON.stringify(params.allowedValue)
  return (error.message ?? error.keyword).replace(/^must be /, '')
}

/** A JSON pointer as a path; digits are positions only where the value has a list. */
function pointerPath(pointer: string, root: JsonValue): Path {
  const path: (string | number)[] = []
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    path.push(Array.isArray(valueAt(root, path)) ? Number(key) : key)
  }
  return path
}

function inputProblem({ path, keyword, expected }: Violation, value: JsonValue): Problem {
  const full = pathText(['input', ...path])
  return {
    file: null,
    line: null,
    column: null,
    path: full,
    message: messageFor(keyword, full),
    found: describeValue(valueAt(value, path)),
    expected,
    hint: null,
    level: 'error',
  }
}

function messageFor(keyword: string, path: string): string {
  if (keyword === 'required') return `${path} is missing`
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return `${path} is not known`
  return `${path} is not valid`
}

function schemaFault(error: ErrorObject): SchemaFault {
  const path = error.instancePath.split('/').slice(1)
  return {
    path: path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')),
    message: `the input schema is no JSON Schema 2020-12: it ${error.message ?? 'is not valid'}`,
    hint: null,
  }
}

function thrownFault(thrown: unknown): SchemaFault {
  const message = messageOf(thrown)
  const isOtherDraft = message.startsWith('no schema with key or ref')
  return {
    path: isOtherDraft ? ['$schema'] : [],
    message: `the input schema cannot be used: ${message}`,
    hint: isOtherDraft
      ? 'leave $schema out or write https://json-schema.org/draft/2020-12/schema'
      : isOrchestrationError(thrown)
        ? thrown.hint
        : null,
  }
}
