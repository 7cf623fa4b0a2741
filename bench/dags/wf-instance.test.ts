import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { criticalPathMs, readInstance, scaledTo, type WfTask } from './wf-instance.ts'

const folder = mkdtempSync(join(tmpdir(), 'wf-instance-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(content: object): string {
  const path = join(folder, 'instance.json')
  writeFileSync(path, JSON.stringify(content))
  return path
}

const diamond: readonly WfTask[] = [
  { id: 'd', parents: ['b', 'c'], runtimeMs: 10 },
  { id: 'b', parents: ['a'], runtimeMs: 200 },
  { id: 'c', parents: ['a'], runtimeMs: 30 },
  { id: 'a', parents: [], runtimeMs: 40 },
]

it('takes parents from the specification and runtimes from the execution', () => {
  const path = fileOf({
    workflow: {
      specification: { tasks: [{ id: 'a' }, { id: 'b', parents: ['a', 'a'] }] },
      execution: {
        tasks: [
          { id: 'b', runtimeInSeconds: 0.25 },
          { id: 'a', runtimeInSeconds: 2 },
        ],
      },
    },
  })
  expect(readInstance(path)).toEqual([
    { id: 'a', parents: [], runtimeMs: 2_000 },
    { id: 'b', parents: ['a'], runtimeMs: 250 },
  ])
})

it('passes over JSON that is no instance', () => {
  expect(readInstance(fileOf([{ file: 'a.json', tasks: 4 }]))).toBeNull()
})

it('refuses a task without a runtime, and one whose parent is missing', () => {
  const specification = { tasks: [{ id: 'a', parents: ['nobody'] }] }
  const execution = { tasks: [{ id: 'a', runtimeInSeconds: 1 }] }
  expect(() => readInstance(fileOf({ workflow: { specification } }))).toThrow(/no runtime/)
  expect(() => readInstance(fileOf({ workflow: { specification, execution } }))).toThrow(/nobody/)
})

it('finds the longest way, whatever the order of the tasks', () => {
  expect(criticalPathMs(diamond)).toBe(250)
  expect(criticalPathMs(diamond.toReversed())).toBe(250)
})

it('follows a chain that is longer than the stack', () => {
  const chain = Array.from({ length: 100_000 }, (_, n): WfTask => {
    return { id: `${n}`, parents: n === 99_999 ? [] : [`${n + 1}`], runtimeMs: 1 }
  })
  expect(criticalPathMs(chain)).toBe(100_000)
})

it('refuses tasks that wait for one another', () => {
  const loop = [
    { id: 'a', parents: ['b'], runtimeMs: 1 },
    { id: 'b', parents: ['a'], runtimeMs: 1 },
  ]
  expect(() => criticalPathMs(loop)).toThrow(/waits for itself/)
})

it('scales all runtimes alike', () => {
  const scaled = scaledTo(500, diamond)
  expect(criticalPathMs(scaled)).toBeCloseTo(500)
  expect(scaled.map(({ runtimeMs }) => runtimeMs)).toEqual([20, 400, 60, 80])
})

it('leaves tasks as they are that take no time', () => {
  const idle = [{ id: 'a', parents: [], runtimeMs: 0 }]
  expect(scaledTo(3_000, idle)).toEqual(idle)
})
