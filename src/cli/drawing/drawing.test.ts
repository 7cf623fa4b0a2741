import fc from 'fast-check'
import { expect, test } from 'vitest'
import { asciiGraph } from './ascii-graph.ts'
import { layersOf } from './layers.ts'
import { mermaidGraph } from './mermaid-graph.ts'
import type { StepNode } from './step-node.ts'
import { svgGraph } from './svg-graph.ts'

function node(id: string, needs: readonly string[] = [], work = 'a.b'): StepNode {
  return { id, needs, work, notes: [] }
}

const diamond = [
  node('observe'),
  node('left', ['observe']),
  node('right', ['observe']),
  node('join', ['left', 'right']),
]

/** Steps that may need any steps before them. */
const anyGraph = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 20 })
  .map((rows) =>
    rows.map((picks, i) =>
      node(`s${i}`, i === 0 ? [] : [...new Set(picks.map((pick) => `s${pick % i}`))]),
    ),
  )

test('a fan-out and its join are one row a step', () => {
  expect(asciiGraph(diamond, 80)).toEqual([
    '*    observe  a.b',
    '+-*  left     a.b',
    '* |  right    a.b',
    "*-'  join     a.b",
  ])
})

test('the ascii graph is pure ASCII, one row a step, and keeps its width', () => {
  fc.assert(
    fc.property(anyGraph, (nodes) => {
      const lines = asciiGraph(nodes, 100)
      expect(lines).toHaveLength(nodes.length)
      for (const line of lines) {
        expect(line.length).toBeLessThanOrEqual(100)
        expect(line).toMatch(/^[\u0020-\u007E]*$/)
        expect(line.split('*')).toHaveLength(2)
      }
    }),
  )
})

test('each row of the ascii graph takes from as many lanes as the step has needs', () => {
  fc.assert(
    fc.property(anyGraph, (nodes) => {
      const lines = asciiGraph(nodes, 1_000)
      for (const [i, line] of lines.entries()) {
        const cells = line.slice(0, line.indexOf(`  s${i} `))
        const needs = nodes[i]?.needs.length ?? 0
        const taps = cells.match(/[+']/g)?.length ?? 0
        // The step's own lane may be one that ends here; its mark then hides the tap.
        expect([needs, needs - 1]).toContain(taps)
      }
    }),
  )
})

test('mermaid text cannot break out of its label', () => {
  const lines = mermaidGraph([node('a', [], 'x"] --> evil["<script>#quot;')])
  expect(lines[1]).toBe('  s0["a<br/>x#34;#93; --#62; evil#91;#34;#60;script#62;#35;quot#59;"]')
})

test('mermaid draws an edge for each need', () => {
  expect(mermaidGraph(diamond).filter((line) => line.includes('-->'))).toEqual([
    '  s0 --> s1',
    '  s0 --> s2',
    '  s1 --> s3',
    '  s2 --> s3',
  ])
})

test('layers put every step below what it needs and edges between neighbours only', () => {
  fc.assert(
    fc.property(anyGraph, (nodes) => {
      const layers = layersOf(nodes)
      const depth = new Map(layers.flatMap((layer, i) => layer.map(({ key }) => [key, i] as const)))
      for (const place of layers.flat()) {
        for (const above of place.from)
          expect(depth.get(above)).toBe((depth.get(place.key) as number) - 1)
      }
      expect(layers.flat().filter((place) => place.node !== null)).toHaveLength(nodes.length)
    }),
  )
})

test('the SVG stands alone and escapes every text', () => {
  const text = svgGraph('<t> & "q"', [
    node('a', [], `<script>alert('x')</script>`),
    node('b', ['a']),
  ]).join('\n')
  expect(text).not.toContain('<script')
  expect(text).toContain('&lt;script&gt;')
  expect(text).not.toMatch(/href|src=|@import|url\((?!#)/)
  expect(text.match(/<rect /g)).toHaveLength(2)
  expect(text.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true)
})

test('boxes of one layer do not touch', () => {
  const nodes = [
    node('root'),
    ...Array.from({ length: 6 }, (_, i) => node(`wide_step_${i}`, ['root'])),
  ]
  const text = svgGraph('t', nodes).join('\n')
  const boxes = [...text.matchAll(/<rect x="(\d+)" y="(\d+)" width="(\d+)"/g)].map(
    ([, x, y, width]) => ({
      x: Number(x),
      y: Number(y),
      width: Number(width),
    }),
  )
  const last = boxes
    .filter(({ y }) => y === Math.max(...boxes.map((box) => box.y)))
    .toSorted((a, b) => a.x - b.x)
  expect(last).toHaveLength(6)
  for (const [i, box] of last.slice(1).entries()) {
    const before = last[i] as { x: number; width: number }
    expect(box.x).toBeGreaterThan(before.x + before.width)
  }
})
