import { expect, expectTypeOf, test } from 'vitest'
import type * as z from 'zod'
import { isOrchestrationError } from '../../core/errors.ts'
import { defineWorkflow, isDefined } from './builder.ts'
import type { WorkflowData } from './builder.ts'
import { readDocument, readDocumentData } from './read.ts'
import type { documentSchema } from './schema.ts'

const steps = {
  hello: { agent: 'greeter', action: 'greet', with: { name: '${ input.name }' } },
  rest: { needs: ['hello'], sleep: '5s' },
} as const

test('the builder gives the data that the same YAML gives', () => {
  const data = defineWorkflow({ name: 'greet', version: '1.0.0', steps })
  const yaml = `
name: greet
version: 1.0.0
steps:
  hello: { agent: greeter, action: greet, with: { name: "\${ input.name }" } }
  rest: { needs: [hello], sleep: 5s }
`
  expect(data).toEqual({ name: 'greet', version: '1.0.0', steps })
  expect(readDocumentData(data)).toEqual(readDocument(yaml, { file: '' }))
})

test('workflows, rollback and checkpoints are written as in YAML', () => {
  const data = defineWorkflow({
    name: 'page',
    version: '1.0.0',
    checkpoints: { onAnomalySeverity: 0.8 },
    onFailure: 'rollback',
    rollback: { to: 'paged', maxRollbacks: 2 },
    steps: {
      page: {
        workflow: { name: 'page-on-call', version: '1', input: { to: 'sre' } },
        checkpoint: 'paged',
        retry: { maxAttempts: 2 },
        compensate: { agent: 'pager', action: 'calm' },
        fallback: [{ workflow: { name: 'mail' } }, { agent: 'pager', action: 'page' }],
      },
      tell: { needs: ['page'], agent: 'a', action: 'b', fallback: { workflow: { name: 'mail' } } },
    },
  })
  const { document, problems } = readDocumentData(data)
  expect(problems).toEqual([])
  expect(document).toMatchObject({
    onFailure: 'rollback',
    rollback: { to: 'paged', maxRollbacks: 2 },
    checkpoints: { onAnomalySeverity: 0.8 },
    steps: { page: { workflow: { name: 'page-on-call', version: '1', input: { to: 'sre' } } } },
  })
  expectTypeOf(data.steps.page.workflow.version).toEqualTypeOf<'1'>()
})

test('an invalid document throws with all its problems', () => {
  let thrown: unknown
  try {
    defineWorkflow({ name: 'Greet', version: 'one', steps: { a: { sleep: '5s', when: '1 +' } } })
  } catch (error) {
    thrown = error
  }
  if (!isOrchestrationError(thrown)) throw new Error('it threw something else')
  expect(thrown.code).toBe('DocumentError')
  expect(thrown.details?.problems).toHaveLength(3)
  expect(thrown.message).toMatch(/^name: name is not valid, and 2 more$/)
})

test('the compiler refuses needs of unknown steps, two kinds at once and bare numbers', () => {
  const base = { name: 'a', version: '1.0.0' } as const
  const both = { agent: 'x', action: 'y', workflow: { name: 'w' } } as const
  const wrong = (): void => {
    // @ts-expect-error there is no step b
    defineWorkflow({ ...base, steps: { a: { needs: ['b'], sleep: '1s' } } })
    // @ts-expect-error an agent step does not sleep
    defineWorkflow({ ...base, steps: { a: { agent: 'x', action: 'y', sleep: '1s' } } })
    // @ts-expect-error a duration has a unit
    defineWorkflow({ ...base, steps: { a: { sleep: 5 } } })
    // @ts-expect-error an agent step has an action
    defineWorkflow({ ...base, steps: { a: { agent: 'x' } } })
    // @ts-expect-error a workflow has its input in itself
    defineWorkflow({ ...base, steps: { a: { workflow: { name: 'w' }, with: {} } } })
    // @ts-expect-error a fallback is one thing
    defineWorkflow({ ...base, steps: { a: { agent: 'x', action: 'y', fallback: both } } })
    // @ts-expect-error there is no such way to fail
    defineWorkflow({ ...base, onFailure: 'rollBack', steps: { a: { sleep: '1s' } } })
    // @ts-expect-error there is no such key
    defineWorkflow({ ...base, steps: { a: { sleep: '1s', agnet: 'x' } } })
  }
  expect(wrong).toThrow("there is no step 'b'")
})

test('the type of a document fits the schema, and the step ids are known', () => {
  expectTypeOf<WorkflowData>().toExtend<DeepReadonly<z.input<typeof documentSchema>>>()
  const data = defineWorkflow({ name: 'greet', version: '1.0.0', steps })
  expectTypeOf(data.steps.rest.sleep).toEqualTypeOf<'5s'>()
  expectTypeOf(data).toExtend<WorkflowData>()
})

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T

test('what it gives is frozen to the last value, and is known as checked', () => {
  const data = defineWorkflow({
    name: 'frozen',
    version: '1.0.0',
    steps: { a: { agent: 'x', action: 'y', with: { list: [{ deep: 1 }] } } },
  })
  expect(isDefined(data)).toBe(true)
  expect(isDefined({ ...data })).toBe(false)
  expect(Object.isFrozen(data.steps.a.with)).toBe(true)
  expect(() => {
    ;(data as { name: string }).name = 'other'
  }).toThrow(TypeError)
})
