import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../core/clock.ts'
import { seededRandom } from '../../core/random.ts'
import { openSeries } from '../../tda/index.ts'
import { followFile } from './followed-file.ts'
import { sampleProcess } from './process-metrics.ts'
import { Watched } from './watched.ts'
import type { Told } from './watched.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-watch-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const clock = systemClock

describe('Watched', () => {
  const random = seededRandom(2)
  const at = (i: number): number => random() + (i >= 400 && i < 410 ? 60 : 0)

  it('tells when an anomaly begins and when it is over, by column and under one id', () => {
    const watched = new Watched('test')
    const told: Told[] = []
    for (let i = 0; i < 600; i++) {
      told.push(...watched.take({ column: 'a', t: i * 1_000, v: at(i) }))
      told.push(...watched.take({ column: 'b', t: i * 1_000, v: random() }))
    }
    told.push(...watched.finish())
    expect(told.map(({ event, anomaly }) => [event, anomaly.column])).toEqual([
      ['opened', 'a'],
      ['closed', 'a'],
    ])
    expect(told[1]?.anomaly.windowId).toBe(told[0]?.anomaly.windowId)
    expect(watched.columns).toEqual(['a', 'b'])
    expect(watched.recent('a').anomalies).toEqual([told[1]?.anomaly])
    expect(watched.points).toBe(1_200)
  })

  it('ends with what is open, and keeps a bounded number of points', () => {
    const watched = new Watched('test')
    for (let i = 0; i < 9_000; i++) watched.take({ column: null, t: i, v: (i * 7) % 5 })
    expect(watched.recent(null).points.length).toBeLessThanOrEqual(4_000)
    const [opened] = watched.take({ column: null, t: 9_001, v: 1e6 })
    expect(opened).toMatchObject({ event: 'opened' })
    expect(watched.finish()).toMatchObject([{ event: 'closed' }])
    expect(watched.finish()).toEqual([])
  })
})

describe('followFile', () => {
  it('reads what is there, then what is appended, also half lines, until it is stopped', async () => {
    const path = join(folder, 'grows.csv')
    writeFileSync(path, 't,v\n2026-01-01,1\n2026-01-02,2')
    const stop = new AbortController()
    const text = followFile(path, { clock, signal: stop.signal })
    const { points, column } = await openSeries(path, { text })
    expect(column).toBe('v')
    expect((await points.next()).value).toMatchObject({ v: 1 })
    const second = points.next()
    appendFileSync(path, '5\n')
    expect((await second).value).toMatchObject({ v: 25 })
    stop.abort()
    expect(await points.next()).toMatchObject({ done: true })
  })

  it('refuses a file that becomes shorter, and one that is not there', async () => {
    const path = join(folder, 'shrinks.csv')
    writeFileSync(path, 'some text\n')
    const follow = (name: string) =>
      followFile(name, { clock, signal: new AbortController().signal })
    const text = follow(path)
    expect((await text.next()).value).toBe('some text\n')
    writeFileSync(path, 'x')
    await expect(text.next()).rejects.toMatchObject({ code: 'SeriesError' })
    await expect(
      openSeries('absent', { text: follow(join(folder, 'absent')) }),
    ).rejects.toMatchObject({ code: 'SeriesError' })
  })
})

describe('sampleProcess', () => {
  it('takes a point of every metric each time, until it is stopped', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    for await (const { column, v } of sampleProcess(5, { clock, signal: stop.signal })) {
      expect(v).toBeGreaterThanOrEqual(0)
      seen.push(column ?? '')
      if (seen.length === 6) stop.abort()
    }
    const once = ['cpu_percent', 'memory_mb', 'event_loop_ms']
    expect(seen).toEqual([...once, ...once])
  })
})
