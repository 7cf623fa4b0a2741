import { readBudgetLimit } from '../../agents/index.ts'
import { parseDuration } from '../../core/duration.ts'
import { isJsonObject, type JsonValue } from '../../core/json.ts'

/** What a setting may be, and how a text of the environment is read as it. */
export interface ValueKind {
  /** What the value must be, in words, for a refusal. */
  readonly expected: string
  isValid(value: JsonValue): boolean
  /** What is no such value stays a text, and is refused as that. */
  fromText(text: string): JsonValue
  /** True for paths and lists of paths, which start from the folder of whoever named them. */
  readonly isPath?: boolean
}

const isText = (value: JsonValue): boolean => typeof value === 'string' && value !== ''
const asText = (text: string): JsonValue => text
const asNumber = (given: string): JsonValue => (/^\d+$/.test(given) ? Number(given) : given)
const nullable = (text: string): JsonValue => (text === 'null' ? null : text)

export function text(expected: string): ValueKind {
  return { expected, isValid: isText, fromText: asText }
}

/** A text of this form, or null. */
export function optionalText(expected: string, form = /^[^]+$/): ValueKind {
  const isValid = (value: JsonValue): boolean =>
    value === null || (typeof value === 'string' && form.test(value))
  return { expected, isValid, fromText: nullable }
}

export function oneOf(...values: readonly string[]): ValueKind {
  const expected = `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`
  return { expected, isValid: (value) => values.includes(value as string), fromText: asText }
}

export function wholeNumber(min: number, max: number, expected: string): ValueKind {
  const isValid = (value: JsonValue): boolean =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
  return { expected, isValid, fromText: asNumber }
}

export const count = wholeNumber(1, Number.MAX_SAFE_INTEGER, 'a whole number of at least 1')

/** A duration within bounds. */
export function duration(expected: string, minMs = 0, maxMs = Infinity): ValueKind {
  const isValid = (value: JsonValue): boolean => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined
    return ms !== undefined && ms >= minMs && ms <= maxMs
  }
  return { expected, isValid, fromText: asText }
}

export const keptFor: ValueKind = {
  expected: 'a duration such as 30d, or null to keep for ever',
  isValid: (value) =>
    value === null || (typeof value === 'string' && parseDuration(value) !== undefined),
  fromText: nullable,
}

export const yesOrNo: ValueKind = {
  expected: 'true or false',
  isValid: (value) => typeof value === 'boolean',
  fromText: (given) => (given === 'true' || given === 'false' ? given === 'true' : given),
}

export const ratio: ValueKind = {
  expected: 'a number from 0 to 1',
  isValid: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  fromText: (given) => (/^\d+(\.\d+)?$/.test(given) ? Number(given) : given),
}

export const path: ValueKind = { ...optionalText('a path'), isPath: true }

export const paths: ValueKind = {
  expected: 'a list of paths; in the environment parted by commas',
  isPath: true,
  isValid: (value) => Array.isArray(value) && value.every((item) => isText(item as JsonValue)),
  fromText: (given) => given.split(',').map((item) => item.trim()),
}

export const budgets: ValueKind = {
  expected:
    'a map of budgets, each with calls, tokens, costUsd and per; in the environment as JSON',
  isValid(value) {
    if (!isJsonObject(value)) return false
    try {
      for (const [tenant, limit] of Object.entries(value)) readBudgetLimit(limit, tenant)
      return true
    } catch {
      return false // what is expected is said with the key
    }
  },
  fromText(given) {
    try {
      return JSON.parse(given) as JsonValue
    } catch {
      return given
    }
  },
}
