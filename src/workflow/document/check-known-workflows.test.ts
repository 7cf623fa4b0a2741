import { expect, test } from 'vitest'
import type { KnownWorkflows } from './check-known-workflows.ts'
import { readDocument } from './read.ts'

const workflows: KnownWorkflows = {
  workflows: [
    { name: 'child', version: '1.2.0' },
    { name: 'child', version: '1.2.0' },
    { name: 'child', version: '1.0.0' },
  ],
  level: 'error',
}
const read = (text: string, known = workflows) =>
  readDocument(text, { file: 'x.yaml', workflows: known })

test('workflows that are not known are reported where they stand, with the nearest name or the versions there are', () => {
  const { document, problems } = read(`name: x
version: 1.0.0
steps:
  a: { workflow: { name: chlid } }
  b: { workflow: { name: child, version: ^2 }, fallback: [{ workflow: { name: child } }, { workflow: { name: z } }] }
  c: { agent: a, action: b, fallback: { workflow: { name: child, version: "1.1" } } }
`)
  expect(document).toBeNull()
  expect(problems.map(({ path, line, column, hint }) => [path, line, column, hint])).toEqual([
    ['steps.a.workflow.name', 4, 26, "did you mean 'child'?"],
    ['steps.b.workflow.version', 5, 42, null],
    ['steps.b.fallback[1].workflow.name', 5, 110, 'known are child'],
    ['steps.c.fallback.workflow.version', 6, 75, null],
  ])
  expect(problems.map(({ found, expected }) => [found, expected])).toEqual([
    ['"chlid"', 'a workflow beside this document, or a registered one'],
    ['child@^2', 'one of 1.2.0, 1.0.0'],
    ['"z"', 'a workflow beside this document, or a registered one'],
    ['child@1.1', 'one of 1.2.0, 1.0.0'],
  ])
})

test('known ones, the document itself and a range that is broken anyway are not reported', () => {
  const { problems } = read(`name: x
version: 1.0.0
steps:
  a: { workflow: { name: child, version: "1" } }
  b: { workflow: { name: x } }
  c: { workflow: { name: nobody, version: one } }
  d: { workflow: { name: 3 } }
`)
  expect(problems.map(({ path }) => path)).toEqual([
    'steps.c.workflow.version',
    'steps.d.workflow.name',
  ])
})

test('as warnings they leave the document, and a reason goes before the nearest name', () => {
  const text = 'name: x\nversion: 1.0.0\nsteps: { a: { workflow: { name: chil } } }\n'
  const { document, problems } = read(text, {
    ...workflows,
    level: 'warning',
    reasonFor: (name) => `${name}.yaml is broken`,
  })
  expect(document?.name).toBe('x')
  expect(problems).toMatchObject([{ level: 'warning', hint: 'chil.yaml is broken' }])
})

test('where no workflow is known the hint says what to do', () => {
  const text = 'name: x\nversion: 1.0.0\nsteps: { a: { workflow: { name: y } } }\n'
  expect(read(text, { workflows: [], level: 'error' }).problems).toMatchObject([
    { hint: 'put its document beside this one, or register it' },
  ])
})

test('without the option any workflow may be named', () => {
  const text = 'name: x\nversion: 1.0.0\nsteps: { a: { workflow: { name: chil } } }\n'
  expect(readDocument(text, { file: 'x.yaml' }).problems).toEqual([])
})
