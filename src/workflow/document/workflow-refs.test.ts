import fc from 'fast-check'
import { compare, satisfies } from 'semver'
import { expect, test } from 'vitest'
import type { WorkflowDocument } from './document.ts'
import { readDocumentData } from './read.ts'
import { resolveWorkflowRef, workflowRefs } from './workflow-refs.ts'

test('every workflow of a document is listed with its place, fallbacks included', () => {
  const { document } = readDocumentData({
    name: 'a',
    version: '1.0.0',
    steps: {
      own: {
        workflow: { name: 'w', version: '1' },
        fallback: [{ agent: 'a', action: 'b' }, { workflow: { name: 'v' } }],
      },
      call: { agent: 'a', action: 'b', fallback: { workflow: { name: 'w', version: '^2' } } },
      rest: { sleep: '1s' },
    },
  })
  expect(workflowRefs(document as WorkflowDocument)).toEqual([
    {
      path: ['steps', 'call', 'fallback', 0, 'workflow'],
      stepId: 'call',
      fallback: 0,
      name: 'w',
      version: '^2',
    },
    { path: ['steps', 'own', 'workflow'], stepId: 'own', fallback: null, name: 'w', version: '1' },
    {
      path: ['steps', 'own', 'fallback', 1, 'workflow'],
      stepId: 'own',
      fallback: 1,
      name: 'v',
      version: '*',
    },
  ])
})

const candidates = [
  { name: 'other', version: '1.9.0' },
  { name: 'w', version: '1.2.0' },
  { name: 'w', version: '1.10.0' },
  { name: 'w', version: '2.0.0-rc.1' },
  { name: 'w', version: '1.10.0' },
  { name: 'w', version: 'none' },
]

test.each([
  ['*', 2],
  ['1', 2],
  ['1.2.x', 1],
  ['~1.2', 1],
  ['2', -1],
  ['^2.0.0-rc.0', 3],
  ['^3.0.0-rc.0', -1],
  ['>=1 <1.10', 1],
  ['not a range', -1],
])('of the candidates the range %s takes number %i', (version, index) => {
  expect(resolveWorkflowRef({ name: 'w', version }, candidates)).toBe(index)
})

test('a name that no candidate has, and no candidate at all, give -1', () => {
  expect(resolveWorkflowRef({ name: 'x', version: '*' }, candidates)).toBe(-1)
  expect(resolveWorkflowRef({ name: 'w', version: '*' }, [])).toBe(-1)
})

test('what is taken is in the range and no other of its name in the range is higher', () => {
  const number = fc.nat(3)
  const version = fc
    .tuple(number, number, number, fc.constantFrom('', '-rc.0', '-rc.1'))
    .map(([a, b, c, tail]) => `${a}.${b}.${c}${tail}`)
  const candidate = fc.record({ name: fc.constantFrom('v', 'w'), version })
  const range = fc.oneof(
    fc.tuple(fc.constantFrom('', '^', '~', '>=', '<'), version).map((parts) => parts.join('')),
    fc.constantFrom('*', '1', '2.x', '1 || 3'),
  )
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 12 }), range, (list, wanted) => {
      const index = resolveWorkflowRef({ name: 'w', version: wanted }, list)
      const fitting = list.filter((one) => one.name === 'w' && satisfies(one.version, wanted))
      const taken = list[index]
      expect(taken === undefined).toBe(fitting.length === 0)
      if (taken === undefined) return
      expect(fitting).toContain(taken)
      for (const one of fitting) expect(compare(one.version, taken.version)).toBeLessThanOrEqual(0)
    }),
  )
})
