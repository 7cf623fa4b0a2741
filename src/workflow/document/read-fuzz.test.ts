import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from '../../core/limits.ts'
import { documentHash, readDocument, readDocumentData } from './read.ts'
import type { ReadResult } from './read.ts'

const valid = `name: fuzz
version: 1.2.3
input: &schema { type: object, required: [a], properties: { a: { type: string, pattern: "^a+$" } } }
triggers: [{ event: e, when: "event.x > 1", input: { a: "\${ event.y }" } }]
retry: { maxAttempts: 3, jitter: 0.5 }
steps:
  one: { agent: x, action: y, with: { v: "\${ input.a }", 'q': 'it''s' } }
  two:
    needs: [one]
    when: steps.one.output.ok
    forEach: steps.one.output.list
    agent: x
    action: y
    fallback: [{ agent: z, action: y, timeout: 3s }]
  three: { needs: [two], waitFor: { signal: "s\\u0041", timeout: 1h } }
  four:
    workflow: { name: w, version: ^1.2, input: { a: "\${ state.a }" } }
    checkpoint: done
    fallback: { workflow: { name: w, version: ">=1 <2" }, with: {} }
onFailure: rollback
rollback: { to: done }
output: { r: "\${ steps.two.output }" }
`

/** What does not hold of a reading although it must, whatever was read. */
function faultsOf({ document, problems }: ReadResult, text: string | null): string[] {
  const faults: string[] = []
  const must = (holds: boolean, what: string): void => {
    if (!holds) faults.push(what)
  }
  const lines = text?.split('\n') ?? []
  must(problems.length <= limits.problemsMax, 'no more problems than the limit')
  must(
    (document === null) === problems.some(({ level }) => level === 'error'),
    'errors iff no document',
  )
  for (const problem of problems) {
    must(
      Object.values({ ...problem }).every((value: unknown) => value !== undefined),
      'no key absent',
    )
    must(problem.message !== '', 'a message')
    if (problem.line === null || problem.column === null) continue
    const line = lines[problem.line - 1]
    must(line !== undefined, 'a line of the text')
    must(problem.column >= 1 && problem.column <= (line ?? '').length + 1, 'a column of the line')
  }
  must(document === null || /^[0-9a-f]{64}$/.test(documentHash(document)), 'a hash')
  must(!('polluted' in {}), 'a clean Object.prototype')
  return faults
}

function faultsOfText(text: string): string[] {
  return faultsOf(readDocument(text, { file: 'f' }), text)
}

const pieces = fc.constantFrom(
  ...'[ ] { } : , - ? " \' # | > &a *a !t % @ ` <<: ${ } $${ \\u .nan 1e999 0x null true'.split(
    ' ',
  ),
  ...'constructor: needs: [two] when: steps: item state.x __proto__: polluted: 💥'.split(' '),
  ...[' ', '\n', '\n  ', ': ', '- ', '---\n', '...\n', '\t', '\r\n', '\u0000', '\ufeff'].values(),
)

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = Buffer.from(bytes).toString('utf8')
      expect(faultsOfText(text)).toEqual([])
    }),
    { numRuns: 400 },
  )
}, 30_000)

test('random pieces of YAML never throw', () => {
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
      const text = parts.join('')
      expect(faultsOfText(text)).toEqual([])
    }),
    { numRuns: 600 },
  )
}, 30_000)

test('a valid document with something put in, cut out or swapped never throws', () => {
  expect(readDocument(valid, { file: 'f' }).problems).toEqual([])
  const edit = fc.record({
    at: fc.nat(valid.length),
    cut: fc.nat(12),
    put: fc.option(pieces, { nil: '' }),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
      let text = valid
      for (const { at, cut, put } of edits) text = text.slice(0, at) + put + text.slice(at + cut)
      expect(faultsOfText(text)).toEqual([])
    }),
    { numRuns: 600 },
  )
}, 30_000)

const keys = fc.constantFrom(
  ...'__proto__ constructor prototype toString hasOwnProperty valueOf __defineGetter__ name'.split(
    ' ',
  ),
  ...'version steps needs agent action with when forEach fallback retry sleep waitFor signal'.split(
    ' ',
  ),
  ...'triggers schedule event input properties required output budget compensate repeat'.split(' '),
  ...'workflow checkpoint rollback to onFailure checkpoints timezone'.split(' '),
)
const scalars = fc.oneof(
  fc.constantFrom<unknown>(
    '1s',
    '${ steps.a.output }',
    'a',
    '${',
    1,
    -0,
    true,
    null,
    undefined,
    Number.NaN,
    1n,
  ),
  fc.constantFrom<unknown>(new Date(0), new Map(), () => 1, Symbol('s'), Infinity),
  fc.string(),
)
const anyData = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    scalars,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 6 }),
  ),
})).node

test('data of any shape never throws, names of prototypes included', () => {
  fc.assert(
    fc.property(anyData, (data) => {
      expect(faultsOf(readDocumentData(data), null)).toEqual([])
    }),
    { numRuns: 600 },
  )
}, 30_000)

test('right names with wrong values never throw', () => {
  const step = fc.dictionary(keys, anyData, { maxKeys: 8 })
  const document = fc.record({
    name: fc.constant('a'),
    version: fc.constant('1.0.0'),
    input: anyData,
    triggers: fc.array(fc.dictionary(keys, anyData), { maxLength: 2 }),
    steps: fc.dictionary(fc.constantFrom('a', 'b', 'constructor', '__proto__', 'if'), step, {
      maxKeys: 4,
    }),
    output: anyData,
    rollback: anyData,
  })
  fc.assert(
    fc.property(document, (data) => {
      expect(faultsOf(readDocumentData(data), null)).toEqual([])
    }),
    { numRuns: 300 },
  )
}, 30_000)

test('data that contains itself is refused', () => {
  const data: Record<string, unknown> = { name: 'a', version: '1.0.0' }
  data.metadata = data
  expect(readDocumentData(data).problems.map(({ message }) => message)).toContain(
    'the document is nested too deep',
  )
})

test('data that shares its parts without end is refused', () => {
  let shared: unknown = 'x'.repeat(1_000)
  for (let level = 0; level < 40; level++) shared = [shared, shared]
  expect(
    readDocumentData({ metadata: { shared } }).problems.map(({ message }) => message),
  ).toContain('the document is too large once its aliases are expanded')
})
