import { z } from 'zod'
import { parseDuration } from '../../core/duration.ts'
import { messageOf, OrchestrationError, ResourceExhaustionError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'

/** Example texts of one filter, and its conditions. */
const textsMax = 100
const conditionsMax = 32

/** A place in an event: an attribute, or a path into its data such as `data.order.items.0`. */
const fieldSchema = z
  .string()
  .max(1_024)
  .regex(/^(?:id|source|type|subject|data(?:\.[^.]+)*)$/, {
    error: 'a field is id, source, type, subject, data, or a path such as data.order.state',
  })
const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
const testsSchema = z
  .strictObject({
    eq: scalarSchema.optional(),
    ne: scalarSchema.optional(),
    gt: z.number().optional(),
    gte: z.number().optional(),
    lt: z.number().optional(),
    lte: z.number().optional(),
    in: z.array(scalarSchema).min(1).optional(),
    contains: z.string().min(1).optional(),
    exists: z.boolean().optional(),
  })
  .refine((tests) => Object.keys(tests).length > 0, { error: 'a condition has at least one test' })

const filterSchema = z.strictObject({
  type: z
    .string()
    .max(1_024)
    .regex(/^(?:[^*]+\*?|\*)$/, {
      error: 'a type is whole, or the beginning of types followed by *',
    }),
  where: z
    .record(fieldSchema, z.union([scalarSchema, testsSchema]))
    .refine((where) => Object.keys(where).length <= conditionsMax, {
      error: `at most ${conditionsMax} conditions`,
    })
    .default({}),
  like: z
    .strictObject({
      texts: z.array(z.string().min(1).max(limits.taskCharactersMax)).min(1).max(textsMax),
      similarity: z.number().gt(0).max(1),
    })
    .nullable()
    .default(null),
})

const withinSchema = z.string().refine((text) => (parseDuration(text) ?? 0) > 0, {
  error: "a duration above 0 such as '500ms', '30s' or '5m'",
})
const jsonObjectSchema = z.record(z.string(), z.json()) as z.ZodType<JsonObject>
const common = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
    error: 'a name is [a-z][a-z0-9-]*, at most 63 characters',
  }),
  requiresConsensus: z.boolean().default(false),
  metadata: jsonObjectSchema.default({}),
  provenance: jsonObjectSchema.nullable().default(null),
}
const timed = { within: withinSchema, by: fieldSchema.nullable().default(null) }

const patternSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('basic'), ...common, event: filterSchema }),
  z.strictObject({
    kind: z.literal('sequence'),
    ...common,
    ...timed,
    events: z.array(filterSchema).min(2).max(limits.patternStagesMax),
  }),
  z.strictObject({
    kind: z.literal('repetition'),
    ...common,
    ...timed,
    event: filterSchema,
    atLeast: z.number().int().min(2).max(limits.repetitionsMax),
  }),
  z.strictObject({
    kind: z.literal('absence'),
    ...common,
    ...timed,
    event: filterSchema,
    missing: filterSchema,
  }),
])

/** Which events a part of a pattern is about: the type, all conditions of `where`, and `like` if it is there. */
export type EventFilter = z.output<typeof filterSchema>
/** What one field must be: a value, or tests that all hold. */
export type FieldCondition = EventFilter['where'][string]
/** A pattern with every default filled in. The kinds and keys: `docs/patterns-in-events.md`. */
export type DeclaredPattern = z.output<typeof patternSchema>
/** A pattern as it is written, defaults left out. */
export type PatternData = z.input<typeof patternSchema>

/** What is wrong with one place of a list of patterns, for instance `patterns[2].within`. */
export interface PatternProblem {
  readonly path: string
  readonly message: string
}

/**
 * Checks a list of patterns and fills in the defaults. An empty list is one, with which nothing matches.
 *
 * @throws InputError with every problem and its place in `details.problems`; ResourceExhaustionError over
 *   `patternsMax`
 */
export function readPatterns(data: unknown): readonly DeclaredPattern[] {
  if (!Array.isArray(data)) throw refusal([{ path: 'patterns', message: 'this is no list' }])
  if (data.length > limits.patternsMax) {
    throw new ResourceExhaustionError(
      `${data.length} patterns are over patternsMax ${limits.patternsMax}`,
      {
        hint: 'give the rest to a second matcher',
        details: { limit: 'patternsMax', max: limits.patternsMax },
      },
    )
  }
  const problems: PatternProblem[] = []
  const patterns: DeclaredPattern[] = []
  const places = new Map<string, number>()
  for (const [index, value] of jsonOf(data).entries()) {
    const parsed = patternSchema.safeParse(value)
    if (!parsed.success) problems.push(...problemsOf(parsed.error, index))
    else if (places.has(parsed.data.name))
      problems.push(sameName(index, parsed.data.name, places.get(parsed.data.name)!))
    else {
      places.set(parsed.data.name, index)
      patterns.push(parsed.data)
    }
  }
  if (problems.length > 0) throw refusal(problems)
  return patterns
}

/** Whether a text names a place in an event. */
export function isField(text: string): boolean {
  return fieldSchema.safeParse(text).success
}

/** Milliseconds of a pattern's `within`. */
export function withinMsOf({ within }: { readonly within: string }): number {
  return parseDuration(within) ?? 0
}

/** A copy that nobody changes later. @throws InputError for what JSON cannot say, such as a list inside itself */
function jsonOf(data: readonly unknown[]): readonly unknown[] {
  try {
    return JSON.parse(JSON.stringify(data)) as readonly unknown[]
  } catch (cause) {
    throw refusal([{ path: 'patterns', message: `this is no JSON: ${messageOf(cause)}` }])
  }
}

/** The filters of a pattern in the order of its stages: of an absence, what comes and then what is missed. */
export function filtersOf(pattern: DeclaredPattern): readonly EventFilter[] {
  if (pattern.kind === 'sequence') return pattern.events
  return pattern.kind === 'absence' ? [pattern.event, pattern.missing] : [pattern.event]
}

function sameName(index: number, name: string, other: number): PatternProblem {
  return {
    path: `patterns[${index}].name`,
    message: `'${name}' is the name of patterns[${other}] too`,
  }
}

function problemsOf(error: z.ZodError, index: number): readonly PatternProblem[] {
  return error.issues.map(({ path, message }) => ({
    path: path.reduce<string>(
      (text, part) => (typeof part === 'number' ? `${text}[${part}]` : `${text}.${String(part)}`),
      `patterns[${index}]`,
    ),
    message,
  }))
}

function refusal(problems: readonly PatternProblem[]): OrchestrationError {
  const [first] = problems
  const rest = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  return new OrchestrationError(
    'InputError',
    `these patterns are not valid: ${first?.path}: ${first?.message}${rest}`,
    {
      hint: 'docs/patterns-in-events.md shows each kind; error.details.problems has every place',
      details: {
        problems: problems.slice(0, limits.problemsMax) as unknown as JsonValue,
      },
    },
  )
}
