import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
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

it('a folder without series is refused with its name', async () => {
  await expect(judgeFolder('/no/such/folder', 2)).rejects.toThrow('/no/such/folder')
})
