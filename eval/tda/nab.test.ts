import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeFolder } from './judge-folder.ts'
import { reportOf, reportText } from './report.ts'

const nab = fileURLToPath(new URL('../../../shared/data/anomaly/nab/', import.meta.url))
const hasNab = existsSync(nab)
if (!hasNab) process.stdout.write('NAB score: not run, there is no ../shared/data/anomaly/nab\n')

describe.runIf(hasNab)('the detector on the benchmark', () => {
  it(
    'is well above the windowed Gaussian, also with the threshold that ships',
    { timeout: 300_000 },
    async () => {
      const report = reportOf(await judgeFolder(nab, 2))
      process.stdout.write(`${reportText(report).split('\n').at(-1)}\n`)
      const { score, scoreFixed, baselines, files } = report
      expect(files).toHaveLength(28)
      expect(baselines.windowedGaussian).toBeCloseTo(34.63, 2)
      expect(score).toBeGreaterThanOrEqual(60)
      expect(scoreFixed).toBeGreaterThanOrEqual(55)
    },
  )
})

describe('a folder', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aura-nab-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const row = (i: number): string =>
    `2026-01-01 00:${String(Math.floor(i / 60)).padStart(2, '0')}:${String(i % 60).padStart(2, '0')},${i % 7}`

  it('is scored by the series that are there', async () => {
    const at = '2026-01-01 00:05:00.000000'
    const windows = { 'there.csv': [[at, '2026-01-01 00:06:00.000000']], 'absent.csv': [] }
    writeFileSync(join(folder, 'combined_windows.json'), JSON.stringify(windows))
    const rows = Array.from({ length: 600 }, (_, i) =>
      i === 300 ? row(i).replace(/,.*/, ',90') : row(i),
    )
    writeFileSync(join(folder, 'there.csv'), `timestamp,value\n${rows.join('\n')}\n`)
    const { score, files } = reportOf(await judgeFolder(folder, 2))
    expect(score).toBeCloseTo(100, 9)
    expect(files).toEqual([{ file: 'there.csv', rows: 600, windows: 1, found: 1, falseAlarms: 0 }])
  })

  it('is refused with file and line, or its name, where it cannot be read', async () => {
    writeFileSync(join(folder, 'there.csv'), `timestamp,value\n${row(0)}\nsoon,1\n`)
    await expect(judgeFolder(folder, 2)).rejects.toThrow("there.csv:3: 'soon,1'")
    await expect(judgeFolder('/no/such/folder', 2)).rejects.toThrow('/no/such/folder')
  })
})
