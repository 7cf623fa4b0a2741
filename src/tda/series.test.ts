import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSeries, readSeries, readSeriesTable } from './series.ts'
import { scanSeries } from './scan.ts'
import { parseTimeText } from './time-text.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aura-series-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('parseTimeText', () => {
  it('reads ISO 8601 and plain dates, taking UTC where no zone is given', () => {
    const noon = Date.UTC(2026, 1, 3, 12, 0, 0)
    expect(parseTimeText('2026-02-03 12:00:00')).toBe(noon)
    expect(parseTimeText('2026-02-03T12:00:00.250Z')).toBe(noon + 250)
    expect(parseTimeText('2026-02-03T14:00:00+02:00')).toBe(noon)
    expect(parseTimeText('2026-02-03T07:30-0430')).toBe(noon)
    expect(parseTimeText('2026-02-03')).toBe(noon - 12 * 3_600_000)
  })

  it('refuses days that do not exist and other texts', () => {
    for (const text of ['2026-02-30', '2026-01-01 25:00', '03/02/2026', '12', '']) {
      expect(parseTimeText(text)).toBeNull()
    }
  })
})

describe('readSeries', () => {
  it('reads a time and a value column', async () => {
    const path = file(
      'nab.csv',
      'timestamp,value\n2026-01-01 00:00:00,1.5\n2026-01-01 00:05:00,-2e3\n',
    )
    const series = await readSeries(path)
    expect(series.column).toBe('value')
    expect(series.points).toEqual([
      { t: Date.UTC(2026, 0, 1), v: 1.5 },
      { t: Date.UTC(2026, 0, 1, 0, 5), v: -2_000 },
    ])
  })

  it('takes the named column, else the first with numbers that is not the time', async () => {
    const path = file(
      'wide.csv',
      '\uFEFFhost;at;"cpu ""x""";mem\r\nweb;2026-01-01;1;10\r\nweb;2026-01-02;2;20\r\n',
    )
    expect((await readSeries(path)).column).toBe('cpu "x"')
    const mem = await readSeries(path, { column: 'mem' })
    expect(mem.points.map((point) => point.v)).toEqual([10, 20])
    expect(mem.columns).toEqual(['cpu "x"', 'mem'])
  })

  it.each([
    ['seconds', 1_767_225_600],
    ['milliseconds', 1_767_225_600_000],
    ['microseconds', 1_767_225_600_000_000],
  ])('understands epoch %s', async (_, epoch) => {
    const series = await readSeries(file('epoch.csv', `value,ts\n7,${epoch}\n`))
    expect(series.points).toEqual([{ t: 1_767_225_600_000, v: 7 }])
  })

  it('puts rows without a time one second apart, also without a header', async () => {
    const series = await readSeries(file('bare.csv', '5\n6\n\n7'))
    expect(series.column).toBe('column1')
    expect(series.points).toEqual([
      { t: 0, v: 5 },
      { t: 1_000, v: 6 },
      { t: 2_000, v: 7 },
    ])
  })

  it('skips and counts cells without a number, and refuses a file that has too many', async () => {
    const rows = Array.from({ length: 10 }, (_, i) => (i === 4 ? 'NaN' : String(i)))
    const series = await readSeries(file('gaps.csv', `v\n${rows.join('\n')}\n`))
    expect(series.skipped).toBe(1)
    expect(series.points).toHaveLength(9)
    const holes = file('holes.csv', 'v\n1\nNaN\n3\n4\ninf\n')
    await expect(readSeries(holes)).rejects.toThrow(/2 of 5 rows hold no number in column 'v'/)
  })

  it('refuses rows that go back in time, with file and line, but lets a clock be put back', async () => {
    const path = file('back.csv', 't,v\n2026-01-02,1\n2026-01-03,2\n2026-01-01,3\n')
    await expect(readSeries(path)).rejects.toMatchObject({
      code: 'SeriesError',
      message: `${path}:4: goes back in time`,
      hint: expect.stringContaining('sort') as string,
    })
    const autumn = file(
      'autumn.csv',
      't,v\n2026-10-25 02:55:00,1\n2026-10-25 02:00:00,2\n2026-10-25 02:05:00,3\n',
    )
    expect((await readSeries(autumn)).points).toHaveLength(3)
    const shuffled = ['10:05', '10:04', '10:03', '10:02', '10:01'].map((at) => `2026-01-01 ${at},1`)
    await expect(readSeries(file('s.csv', `t,v\n${shuffled.join('\n')}\n`))).rejects.toThrow(
      /:6: goes back/,
    )
  })

  it.each([
    ['empty.csv', '', /is empty/],
    ['header.csv', 't,v\n', /:1: has a header and no rows/],
    ['words.csv', 'a,b\nx,y\n', /no column holds numbers/],
    ['time.csv', 'timestamp,v\n2026-01-01,1\nsoon,2\n', /time\.csv:3: 'soon' is no time/],
    ['binary.csv', Buffer.from([0x50, 0x4b, 0, 1, 2, 0]), /is a binary file/],
    ['endless.csv', 'x'.repeat(1_100_000), /line of over/],
  ])('refuses %s with a sentence', async (name, content, message) => {
    const problem = await readSeries(file(name, content)).catch((error: unknown) => error)
    expect(problem).toMatchObject({
      code: 'SeriesError',
      message: expect.stringMatching(message) as string,
    })
  })

  it('names the columns there are when the wanted one is missing or holds words', async () => {
    const path = file('named.csv', 'host,cpu,mem\nweb,1,2\n')
    await expect(readSeries(path, { column: 'disk' })).rejects.toMatchObject({
      message: `${path}: has no column 'disk'`,
      hint: 'columns with numbers: cpu, mem',
    })
    await expect(readSeries(path, { column: 'host' })).rejects.toThrow(/'host' holds no numbers/)
    await expect(readSeries(join(folder, 'absent.csv'))).rejects.toThrow(/cannot be read/)
    await expect(readSeries(folder)).rejects.toThrow(/cannot be read/)
  })

  it('reads only as far as the reader walks', async () => {
    const path = file('long.csv', `v\n${'1\n'.repeat(200_000)}word\n`)
    const { points } = await openSeries(path)
    expect((await points.next()).value).toEqual({ t: 0, v: 1 })
    expect(await points.return(undefined)).toEqual({ done: true, value: undefined })
  })
})

describe('readSeriesTable', () => {
  it('keeps the last rows up to a time, with every numeric column', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},${i === 58 ? '' : i * 2}`)
    const path = file('table.csv', `a,b\n${rows.join('\n')}\n`)
    const table = await readSeriesTable(path, { untilMs: 60_000, rowsMax: 4 })
    expect(table.columns).toEqual(['a', 'b'])
    expect(table.t).toEqual([57_000, 58_000, 59_000, 60_000])
    expect(table.values).toEqual([
      [57, 58, 59, 60],
      [114, NaN, 118, 120],
    ])
  })
})

describe('scanSeries', () => {
  it('scans values and points, and refuses an empty series and one with gaps', async () => {
    const values = Array.from({ length: 300 }, (_, i) => Math.sin(i) + (i === 250 ? 50 : 0))
    const byValue = await scanSeries(values)
    expect(byValue).toMatchObject({ column: null, points: 300, anomalies: [{ t0Ms: 250_000 }] })
    const points = values.map((v, i) => ({ t: i * 1_000, v }))
    expect(await scanSeries(points)).toEqual(byValue)
    await expect(scanSeries([])).rejects.toMatchObject({ code: 'SeriesError' })
    await expect(scanSeries([1, NaN])).rejects.toThrow(/value 1 of the series is not finite/)
  })

  it('gives other work a turn, and stops when told to', async () => {
    const stop = new AbortController()
    setImmediate(() => stop.abort(new Error('enough')))
    await expect(
      scanSeries(
        Array.from({ length: 200_000 }, () => 1),
        { signal: stop.signal },
      ),
    ).rejects.toThrow('enough')
  })
})
