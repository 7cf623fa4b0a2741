import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { tdaSchemaTexts } from './json-schemas.ts'
import { windowPattern } from './pattern.ts'
import { StreamDetector } from './detector.ts'

const folder = new URL('../../schema/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')

test.each(Object.entries(tdaSchemaTexts()))(
  'schema/%s.schema.json is what the code makes',
  (name, text) => {
    expect(read(`${name}.schema.json`)).toBe(text)
  },
)

test('what the detector finds and the shape of a window satisfy their schemas', () => {
  const texts = tdaSchemaTexts()
  const check = (name: string) =>
    new Ajv2020({ strict: false }).compile(JSON.parse(texts[name] ?? ''))
  const detector = new StreamDetector({ source: 's', column: null })
  const points = Array.from({ length: 600 }, (_, i) => ({
    t: i * 1_000,
    v: i === 500 ? 99 : Math.sin(i / 4),
  }))
  const opened = points.flatMap((point) => detector.push(point).opened ?? [])
  expect(opened).not.toEqual([])
  for (const anomaly of opened) expect(check('tda-anomaly')(anomaly)).toBe(true)
  const cycle = windowPattern({ source: 's', column: null }, points.slice(0, 64))
  expect(check('tda-pattern')(cycle)).toBe(true)
  expect([cycle.kind, cycle.confidence > 0.5]).toEqual(['periodic', true])
  const flat = points.slice(0, 64).map(({ t }, i) => ({ t, v: (i * 7_919) % 101 }))
  expect(windowPattern({ source: 's', column: null }, flat).confidence).toBeLessThan(
    cycle.confidence,
  )
})
