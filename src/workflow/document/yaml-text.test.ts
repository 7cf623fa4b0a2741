import { expect, test } from 'vitest'
import type { Problem } from './problem.ts'
import { readDocument } from './read.ts'

function problemsOf(text: string): readonly Problem[] {
  return readDocument(text, { file: 'w.yaml' }).problems
}

function messagesOf(text: string): string[] {
  return problemsOf(text).map((problem) => problem.message)
}

const tail = 'name: a\nversion: 1.0.0\nsteps: { x: { sleep: 1s } }\n'

test('malformed YAML is shown at its line and column', () => {
  const [problem] = problemsOf('name: a\nsteps: [1, 2\nversion: 1.0.0\n')
  expect(problem).toMatchObject({ line: 3, column: 1, path: null, level: 'error', file: 'w.yaml' })
})

test('an empty text is refused', () => {
  for (const text of ['', '\n', '# nothing\n', '---\n']) {
    expect(readDocument(text, { file: '' }).document).toBeNull()
    expect(problemsOf(text).length).toBeGreaterThan(0)
  }
})

test('a duplicate key is shown at its second place, beside the other problems', () => {
  const problems = problemsOf(`${tail}name: b\nfoo: 1\n`)
  expect(problems.map(({ line, message }) => [line, message])).toEqual([
    [4, "the key 'name' is there twice"],
    [5, "unknown key 'foo'"],
  ])
  expect(
    messagesOf(
      '{ "name": "a", "version": "1.0.0", "steps": { "x": { "sleep": "1s", "sleep": "2s" } } }',
    ),
  ).toEqual(["the key 'sleep' is there twice"])
})

test('a second document in the file is refused', () => {
  expect(problemsOf(`${tail}---\n${tail}`)[0]).toMatchObject({
    line: 4,
    message: 'a file holds one document, this one holds several',
  })
})

test('tags are refused, also the standard ones that give no JSON', () => {
  expect(messagesOf(`${tail}metadata: !js/function x\n`)).toContain('tags are not read')
  expect(messagesOf(`${tail}metadata: { a: !!binary aGk= }\n`)).toContain('tags are not read')
  expect(messagesOf(`${tail}metadata: { a: !!set { x } }\n`)).toContain('tags are not read')
  expect(messagesOf(`${tail}metadata: { a: !!str 5 }\n`)).toEqual([])
})

test('another YAML version is refused', () => {
  expect(messagesOf(`%YAML 1.1\n---\n${tail}`)).toEqual(['only YAML 1.2 is read'])
  expect(messagesOf(`%YAML 1.2\n---\n${tail}`)).toEqual([])
})

test.each([
  ['1: x', 'a key must be text'],
  ['true: x', 'a key must be text'],
  ['? [a, b]\n: x', 'a key must be plain text'],
  [': x', 'a key must be text'],
  ['<<: *a', 'merge keys are not read'],
  ['__proto__: { polluted: true }', "the key '__proto__' is refused"],
  ['"__proto__": 1', "the key '__proto__' is refused"],
])('the key of %j is refused', (line, message) => {
  const text = `description: &a x\n${line}\n${tail}`
  expect(messagesOf(text)).toEqual([message])
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
})

test.each(['.nan', '.inf', '-.inf', '1e999', '12345678901234567890', '9007199254740993'])(
  'the number %s is refused',
  (number) => {
    expect(messagesOf(`${tail}metadata: { n: ${number} }\n`)).toEqual(['JSON has no such number'])
  },
)

test('aliases give the value of their anchor', () => {
  const { document, problems } = readDocument(
    `name: a\nversion: 1.0.0\nmetadata: { a: &m { k: [1] }, b: *m }\nsteps:\n  x: &s { sleep: 1s }\n  y: *s\n`,
    { file: '' },
  )
  expect(problems).toEqual([])
  expect(document?.metadata).toEqual({ a: { k: [1] }, b: { k: [1] } })
  expect(document?.steps.y).toEqual(document?.steps.x)
})

test('an alias means the anchor before it, also where the name is used again', () => {
  const { document } = readDocument(
    `${tail}metadata: { a: &x 1, b: &y { p: *x }, c: &x 3, d: *y, e: *x }\n`,
    { file: '' },
  )
  expect(document?.metadata).toEqual({ a: 1, b: { p: 1 }, c: 3, d: { p: 1 }, e: 3 })
})

test('an alias without an anchor, or inside its own, is refused', () => {
  expect(messagesOf(`${tail}metadata: { a: *nobody }\n`)).toEqual([
    'the alias names no anchor before it',
  ])
  expect(messagesOf(`${tail}metadata: &m { a: *m }\n`)).toEqual([
    'the alias stands inside its own anchor',
  ])
})

const aliases = (count: number): string =>
  `${tail}description: &d x\nmetadata: { l: [${Array.from({ length: count }, () => '*d').join(', ')}] }\n`

test('100 alias expansions are read, 101 are not', () => {
  expect(messagesOf(aliases(100))).toEqual([])
  expect(messagesOf(aliases(101))).toEqual(['more than 100 alias expansions (aliasesMax)'])
})

test('aliases that multiply are refused in no time', () => {
  const laughs = Array.from('bcdefghi', (name, level) => {
    const inner = `*${'abcdefgh'[level]}`
    return `  ${name}: &${name} [${Array.from({ length: 9 }, () => inner).join(', ')}]\n`
  })
  const text = `${tail}metadata:\n  a: &a [lol, lol, lol]\n${laughs.join('')}`
  expect(messagesOf(text)).toContain('more than 100 alias expansions (aliasesMax)')
})

test('a few aliases of something huge are refused too', () => {
  const text = `${tail}metadata:\n  a: &a ${'x'.repeat(3_000_000)}\n  b: *a\n`
  expect(messagesOf(text)).toEqual(['the document is too large once its aliases are expanded'])
})

const filler = (bytes: number): string => `${tail}#${'x'.repeat(bytes - tail.length - 1)}`

test('5 MB are read, a byte more is not', () => {
  expect(messagesOf(filler(5_000_000))).toEqual([])
  expect(problemsOf(filler(5_000_001))[0]).toMatchObject({
    message: 'the document is too large',
    found: '5000001 bytes',
  })
  expect(messagesOf('ä'.repeat(2_500_001))).toEqual(['the document is too large'])
})

const nested = (levels: number): string =>
  `${tail}metadata: { a: ${'['.repeat(levels)}${']'.repeat(levels)} }\n`

test('deep nesting is refused, in every notation', () => {
  for (const text of [
    '['.repeat(100_000),
    '{a: '.repeat(5_000),
    '- '.repeat(100_000),
    '? '.repeat(50_000),
  ]) {
    expect(messagesOf(text)).toEqual(['the document is nested too deep'])
  }
  expect(messagesOf(nested(90))).toEqual([])
  expect(messagesOf(nested(101))).toEqual(['the document is nested too deep'])
})

test('bytes that are no text are refused', () => {
  expect(problemsOf('name: a\n\u0000\u0001')[0]).toMatchObject({
    line: 2,
    column: 1,
    message: 'the document is no text',
    found: 'the control character U+0000',
  })
})

test('a text full of syntax errors ends after the first of them', () => {
  for (const text of [
    `[${','.repeat(500_000)}`,
    ']'.repeat(500_000),
    '&a '.repeat(300_000),
    `"${'\\q'.repeat(500_000)}"`,
  ]) {
    expect(problemsOf(text).length).toBeLessThanOrEqual(200)
  }
}, 30_000)

/** Line and column of the first problem of a document whose last line is this `when`. */
const placeOfWhen = (scalar: string): unknown => {
  const [problem] = problemsOf(
    `name: a\nversion: 1.0.0\nsteps:\n  x: { sleep: 1s }\n  y:\n    needs: [x]\n    sleep: 1s\n    when: ${scalar}\n`,
  )
  return [problem?.line, problem?.column]
}

test('a problem inside of a text value points at its character', () => {
  const column = '    when: '.length + 1
  expect(placeOfWhen('1 == 1 && item')).toEqual([8, column + 10])
  expect(placeOfWhen('"1 == 1 && item"')).toEqual([8, column + 11])
  expect(placeOfWhen("'''a'' == ''b'' && item'")).toEqual([
    8,
    column + "'''a'' == ''b'' && ".length,
  ])
  expect(placeOfWhen('"\\"a\\" == \\u0022b\\" && item"')).toEqual([
    8,
    column + '"\\"a\\" == \\u0022b\\" && '.length,
  ])
  expect(placeOfWhen('"${ item == 1 }"')).toEqual([8, column + 4])
  expect(placeOfWhen('>\n      1 == 1 &&\n      item')).toEqual([8, column])
})
