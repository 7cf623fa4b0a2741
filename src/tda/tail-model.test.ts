import { describe, expect, it } from 'vitest'
import { seededRandom } from '../core/random.ts'
import { surpriseMax, TailModel } from './tail-model.ts'

function learnt(count: number, draw: (random: () => number) => number): TailModel {
  const model = new TailModel(1_000)
  const random = seededRandom(4)
  for (let i = 0; i < count; i++) model.learn(draw(random))
  return model
}

const exponential = (random: () => number): number => -Math.log(1 - random())

describe('TailModel', () => {
  it('says nothing before it knows 16 values', () => {
    expect(learnt(15, exponential).surprise(1e9, 1e-9)).toBe(0)
  })

  it('gives the share of values at least as large within what it has seen', () => {
    const model = learnt(1_000, exponential)
    // One in ten values of this distribution is over ln 10.
    expect(model.surprise(Math.log(10), 1e-9)).toBeCloseTo(1, 1)
  })

  it('rises with the value and never over its maximum', () => {
    const model = learnt(1_000, exponential)
    const scale = [1, 3, 6, 9, 15, 40, 200, 1e9].map((value) => model.surprise(value, 1e-9))
    for (let i = 1; i < scale.length; i++)
      expect(scale[i]).toBeGreaterThanOrEqual(scale[i - 1] as number)
    expect(scale.at(-1)).toBe(surpriseMax)
  })

  it('is less surprised by a large value where tails are heavy', () => {
    const light = learnt(1_000, exponential)
    const heavy = learnt(1_000, (random) => (1 - random()) ** -0.4)
    expect(light.surprise(30, 1e-9)).toBeGreaterThan(heavy.surprise(30, 1e-9))
  })

  it('learns outliers at a capped size, so that they do not hide later ones', () => {
    const model = learnt(500, exponential)
    const before = model.surprise(50, 1e-9)
    for (let i = 0; i < 5; i++) model.learn(1e6)
    for (let i = 0; i < 40; i++) model.learn(1)
    expect(model.surprise(50, 1e-9)).toBeGreaterThan(0.5 * before)
  })
})
