import { expect, it } from 'vitest'
import type { WorkflowData } from '../workflow/index.ts'
import { Definitions } from './definitions.ts'

const data = (more: object = {}): WorkflowData => ({
  name: 'w',
  version: '1.0.0',
  steps: { a: { agent: 'clerk', action: 'file', ...more } },
})

it('the same document sent again, as another object, is not read again', () => {
  const definitions = new Definitions()
  const first = definitions.ofData(data())
  expect(definitions.ofData(data())).toBe(first)
  expect(definitions.ofData(data({ timeout: '5s' }))).not.toBe(first)
})

it.each([
  ['a function', { with: { x: () => 1 } }, { with: {} }],
  ['no number', { with: { x: Number.NaN } }, { with: { x: null } }],
  ['a date', { timeout: new Date(0) }, { timeout: '1970-01-01T00:00:00.000Z' }],
  ['a hole', { needs: Array(1) }, { needs: [null] }],
])('what is no JSON gets the same answer, whatever was read before: %s', (_, odd, like) => {
  const answer = (definitions: Definitions): string => {
    try {
      return definitions.ofData(data(odd)).hash
    } catch (thrown) {
      return String(thrown)
    }
  }
  const used = new Definitions()
  try {
    used.ofData(data(like))
  } catch {
    // One that looks like it may be refused too.
  }
  expect(answer(used)).toBe(answer(new Definitions()))
})

it('of more than 1,000 documents the one unused for longest goes, and each use is counted', () => {
  const reads = { hit: 0, miss: 0 }
  const telemetry = {
    cacheRead: (_: string, isHit: boolean) => void reads[isHit ? 'hit' : 'miss']++,
  }
  const definitions = new Definitions(telemetry)
  const used = definitions.ofData(data())
  const unused = definitions.ofData(data({ timeout: '1ms' }))
  for (let ms = 2; ms <= 1_000; ms++) {
    definitions.ofData(data({ timeout: `${ms}ms` }))
    definitions.ofDocument(used.document)
  }
  expect(reads).toEqual({ hit: 999, miss: 1_001 })
  const nowhere = (): undefined => undefined
  expect(definitions.ofHash(used.hash, nowhere)).toBe(used)
  expect(() => definitions.ofHash(unused.hash, nowhere)).toThrow('the file has no document')
})

it('a changed document is another plan, and what fell out is read again from its text', () => {
  const definitions = new Definitions()
  const first = definitions.ofData(data({ timeout: '5s' }))
  const changed = definitions.ofData(data({ timeout: '6s' }))
  expect([first, changed].map(({ document }) => document.steps['a'])).toMatchObject([
    { timeout: '5s' },
    { timeout: '6s' },
  ])
  const again = new Definitions().ofHash(first.hash, () => first.text)
  expect(again.document).toEqual(first.document)
})
