import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonObject } from '../../core/json.ts'
import { readDocumentData } from './read.ts'
import { fromDocumentStep, stepsToDocument, toDocumentStep } from './workflow-steps.ts'
import type { WorkflowStep } from './workflow-steps.ts'

const plain: WorkflowStep = {
  stepId: 'observe',
  agentType: 'observer',
  action: 'detect',
  inputs: { series: [1, 2] },
  outputs: {},
  dependencies: [],
}

test('defaults are five minutes and three retries', () => {
  expect(toDocumentStep(plain)).toEqual({
    agent: 'observer',
    action: 'detect',
    needs: [],
    with: { series: [1, 2] },
    timeout: '5m',
    retry: { maxAttempts: 4 },
  })
})

const text = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })
const json = fc
  .dictionary(text, fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })
  .map((map) => JSON.parse(JSON.stringify(map)) as JsonObject)
  .filter((map) => !/\$\{|\$secret|__proto__/.test(JSON.stringify(map)))

const stepList = fc
  .uniqueArray(fc.stringMatching(/^s[a-z0-9_]{0,8}$/), { minLength: 1, maxLength: 6 })
  .chain((ids) =>
    fc.tuple(
      ...ids.map((stepId, index) =>
        fc.record({
          stepId: fc.constant(stepId),
          agentType: text,
          action: text,
          inputs: json,
          outputs: json,
          dependencies: fc.subarray(ids.slice(0, index)),
          timeoutMs: fc.integer({ min: 0, max: 10 ** 10 }),
          retryCount: fc.nat(9_999),
        }),
      ),
    ),
  )

test('any list of steps goes into a document and comes back without loss', () => {
  fc.assert(
    fc.property(stepList, (steps) => {
      const { document, problems } = readDocumentData(stepsToDocument(steps, { name: 'w' }))
      expect(problems).toEqual([])
      const back = steps.map(({ stepId }) => {
        const step = document?.steps[stepId]
        return step === undefined ? undefined : fromDocumentStep(stepId, step)
      })
      expect(back).toEqual(steps)
    }),
  )
})

test('left-out numbers come back as their defaults', () => {
  const { document } = readDocumentData(stepsToDocument([plain], { name: 'w', version: '2.0.0' }))
  expect(document?.version).toBe('2.0.0')
  const step = document?.steps.observe
  expect(step && fromDocumentStep('observe', step)).toEqual({
    ...plain,
    timeoutMs: 300_000,
    retryCount: 3,
  })
})

test.each([
  { sleep: '1s' },
  { waitFor: { signal: 's' } },
  { workflow: { name: 'w' } },
  { agent: 'a', action: 'b', when: 'true' },
  { agent: 'a', action: 'b', forEach: 'input.list' },
  { agent: 'a', action: 'b', checkpoint: 'c' },
  { agent: 'a', action: 'b', continueOnFailure: true },
  { agent: 'a', action: 'b', compensate: { agent: 'a', action: 'c' } },
  { agent: 'a', action: 'b', fallback: { agent: 'a', action: 'c' } },
  { agent: 'a', action: 'b', fallback: { workflow: { name: 'w' } } },
  { agent: 'a', action: 'b', repeat: { until: 'output.done' } },
  { agent: 'a', action: 'b', retry: { backoff: 3 } },
  { agent: 'a', action: 'b', timeout: '${ input.t }' },
  { agent: 'a', action: 'b', tda: 'none' },
  { agent: 'a', action: 'b', whenSkipped: 'run' },
])('the step %j is not made flat, for that would lose something', (data) => {
  const { document } = readDocumentData({ name: 'w', version: '1.0.0', steps: { x: data } })
  const step = document?.steps.x
  if (step === undefined) throw new Error('the step is not valid')
  expect(() => fromDocumentStep('x', step)).toThrow(
    expect.objectContaining({ code: 'RefusedError' }) as Error,
  )
})

test('numbers out of range and repeated ids are refused', () => {
  for (const wrong of [
    { timeoutMs: 1.5 },
    { timeoutMs: -1 },
    { retryCount: Number.NaN },
    { retryCount: 10_000 },
  ]) {
    expect(() => toDocumentStep({ ...plain, ...wrong })).toThrow(/must be a whole number/)
  }
  expect(() => stepsToDocument([plain, plain], { name: 'w' })).toThrow(
    "there are two steps 'observe'",
  )
})
