import { expect, test } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { isSuspension, suspend } from './suspend.ts'

test('a suspension is known by its brand, not by its fields', () => {
  const made = suspend({ signal: 'approval' })
  expect(made).toEqual({ signal: 'approval', schema: null, resumeToken: null })
  expect(isSuspension(made)).toBe(true)
  expect(isSuspension({ ...made })).toBe(false)
  expect(isSuspension(JSON.parse(JSON.stringify(made)))).toBe(false)
  expect(isSuspension(null)).toBe(false)
})

test('a signal without a name and a schema that is no data are refused', () => {
  expect(() => suspend({ signal: '' })).toThrow('the name of a signal')
  expect(() => suspend({ signal: 'x'.repeat(201) })).toThrow('the name of a signal')
  const schema = z.object({}) as unknown as JsonObject
  expect(() => suspend({ signal: 'approval', schema })).toThrow('no JSON Schema object')
})
