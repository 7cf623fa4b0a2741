import { expect, test } from 'vitest'
import { cyclesOf } from './architecture/cycles.ts'
import { importsOf } from './architecture/imports.ts'
import { allowedRooms, arrows, isFrom, sideDoors } from './architecture/rooms.ts'
import { isTestFile, readSources } from './architecture/sources.ts'
import { findViolations, type Violation } from './architecture/violations.ts'

function planted(files: Record<string, string>): readonly Violation[] {
  return findViolations(new Map(Object.entries(files)), { isTestFile })
}

const clean = {
  'src/core/clock.ts': `export const now = () => Date.now()\n`,
  'src/storage/index.ts': `export { open } from './open.ts'\n`,
  'src/storage/open.ts': `import { now } from '../core/clock.ts'\nexport const open = now\n`,
  'src/agents/index.ts': `import { open } from '../storage/index.ts'\nexport const start = open\n`,
}

test('the sources keep to the house', () => {
  const lines = findViolations(readSources(), { isTestFile }).map(
    ({ rule, file, what }) => `${rule}: ${file}: ${what}`,
  )
  expect(lines).toEqual([])
})

test('every side door is in use', () => {
  const sources = readSources()
  for (const { from, to } of sideDoors) {
    const used = Array.from(sources).flatMap(([file, source]) =>
      isFrom(from, file) ? importsOf(file, source).map((edge) => edge.to) : [],
    )
    expect(used).toContain(to)
  }
})

test('a house in order has no violation', () => {
  expect(planted(clean)).toEqual([])
})

test('the table of arrows knows every room it points at and has no cycle', () => {
  for (const targets of arrows.values()) for (const to of targets) expect(arrows.has(to)).toBe(true)
  expect(cyclesOf(arrows)).toEqual([])
  expect(allowedRooms('integrations/redis')).toContain('engine')
})

test.each([
  ['forbidden arrow', 'src/storage/open.ts', `import '../agents/index.ts'\n`],
  ['forbidden arrow', 'src/storage/open.ts', `import type { A } from '../agents/index.ts'\n`],
  [
    'forbidden arrow',
    'src/core/clock.ts',
    `const { open } = await import('../storage/index.ts')\n`,
  ],
  ['not by index.ts', 'src/agents/index.ts', `export { open } from '../storage/open.ts'\n`],
  [
    'not by index.ts',
    'src/agents/index.ts',
    `export type O = typeof import('../storage/open.ts')\n`,
  ],
  ['unknown room', 'src/attic/box.ts', `export const box = 1\n`],
  ['bad file name', 'src/core/utils.ts', `export const box = 1\n`],
  ['bad file name', 'src/core/LoudName.ts', `export const box = 1\n`],
  ['too long', 'src/core/long.ts', 'export {}\n'.repeat(401)],
  ['too long', 'src/core/long.test.ts', 'export {}\n'.repeat(601)],
  ['not injected', 'src/agents/now.ts', `export const now = new Date()\n`],
  ['not injected', 'src/agents/now.ts', `export const later = globalThis.setTimeout(f, 1)\n`],
  ['not injected', 'src/agents/now.ts', `import { setTimeout } from 'node:timers/promises'\n`],
  ['not injected', 'src/agents/now.ts', `export const { HOME } = process.env\n`],
])('it catches a planted %s in %s', (rule, file, text) => {
  const found = planted({ ...clean, [file]: text })
  expect(found.map((violation) => violation.rule)).toContain(rule)
})

test('one integration may not import another', () => {
  const found = planted({
    'src/integrations/redis/index.ts': `export const redis = 1\n`,
    'src/integrations/kafka/index.ts': `export { redis } from '../redis/index.ts'\n`,
  })
  expect(found.map(({ rule }) => rule)).toEqual(['forbidden arrow'])
})

test('the product may not import what only tests use, nor anything outside src/', () => {
  const found = planted({
    'src/agents/fake-clock.ts': `export const clock = 1\n`,
    'test/world.ts': `export const world = 1\n`,
    'src/agents/index.ts': `export { clock } from './fake-clock.ts'\nexport { world } from '../../test/world.ts'\n`,
  })
  expect(found.map(({ rule }) => rule)).toEqual(['product imports test code', 'forbidden arrow'])
})

test('what only tests use may not be built into the package', () => {
  const found = planted({
    ...clean,
    'src/agents/stage.ts': `export const stage = 1\n`,
    'src/agents/start.test.ts': `import { stage } from './stage.ts'\n`,
  })
  expect(found).toMatchObject([{ rule: 'only tests use it', file: 'src/agents/stage.ts' }])
})

test('it catches a cycle of values over three files, also outside src/', () => {
  for (const folder of ['src/core', 'sim']) {
    const found = planted({
      'src/core/index.ts': `export {} from './a.ts'\n`,
      [`${folder}/a.ts`]: `import { b } from './b.ts'\nexport const a = () => b\n`,
      [`${folder}/b.ts`]: `export {\n  c,\n} from './c.ts'\n`,
      [`${folder}/c.ts`]: `export const c = () => import('./a.ts')\n`,
    })
    expect(found.map(({ rule }) => rule)).toEqual(['value cycle'])
  }
})

test('types may go round inside a room and not between rooms', () => {
  const inside = {
    'src/agents/index.ts': `export type { A } from './a.ts'\n`,
    'src/agents/a.ts': `import type { B } from './b.ts'\nexport type A = B\n`,
    'src/agents/b.ts': `import type { A } from './a.ts'\nexport type B = A\n`,
  }
  expect(planted(inside)).toEqual([])
  const between = {
    'src/agents/index.ts': `import type { B } from '../storage/index.ts'\nexport type A = B\n`,
    'src/storage/index.ts': `import type { A } from '../agents/index.ts'\nexport type B = A\n`,
  }
  expect(planted(between).map(({ rule }) => rule)).toContain('type cycle between rooms')
})

test('imports are read in every spelling, and not out of comments', () => {
  const text = `
import './side-effect.ts'
import type { T } from './type.ts'
import { type U } from './marked.ts'
export {
  long,
} from './long.ts'
export * as names from './names.ts'
// import './comment.ts'
/** import './block.ts' */
export const text = 'a from here'
const lazy = await import('./lazy.ts')
type Lazy = typeof import('./query.ts')
`
  const read = importsOf('src/core/a.ts', text).map(({ to, isTypeOnly }) => [to, isTypeOnly])
  expect(read).toEqual([
    ['src/core/side-effect.ts', false],
    ['src/core/type.ts', true],
    ['src/core/marked.ts', false],
    ['src/core/long.ts', false],
    ['src/core/names.ts', false],
    ['src/core/query.ts', true],
    ['src/core/lazy.ts', false],
  ])
})
