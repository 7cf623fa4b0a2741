import { type BenchRow, benchRow } from './bench-row.ts'
import { valueOf } from './child-process.ts'
import type { GrowthFigures } from './growth-program.ts'
import { median } from './median.ts'
import type { ParkedFigures } from './parked-program.ts'

export interface MemoryOptions {
  readonly directory: string
  readonly executions: number
  /** Processes measured, one after the other. */
  readonly rounds: number
}

const flags = ['--expose-gc']
const parkedProgram = new URL('./parked-program.ts', import.meta.url)
const growthProgram = new URL('./growth-program.ts', import.meta.url)

export interface ParkedOptions extends MemoryOptions {
  /** How long the sleeping process is watched. */
  readonly idleMs: number
}

/** W4: what an execution that sleeps for a day holds in memory, and what all of them together cost a second. */
export async function measureParked(options: ParkedOptions): Promise<readonly BenchRow[]> {
  const { directory, executions, rounds, idleMs } = options
  const figures: ParkedFigures[] = []
  const words = [directory, String(executions), String(idleMs)]
  for (let round = 0; round < rounds; round++)
    figures.push(await valueOf(parkedProgram, words, flags))
  return [
    benchRow({
      workload: 'W4',
      metric: 'bytesPerExecution',
      value: median(figures.map((one) => one.bytesPerExecution)),
      unit: 'bytes',
    }),
    benchRow({
      workload: 'W4',
      metric: 'idleCpuPercent',
      value: median(figures.map((one) => one.idleCpuPercent)),
      unit: 'percent',
    }),
  ]
}

/** W9: memory of a process after ten times as many finished executions as asked for, over that after those. */
export async function measureGrowth(options: MemoryOptions): Promise<readonly BenchRow[]> {
  const { directory, executions, rounds } = options
  const ratios: number[] = []
  for (let round = 0; round < rounds; round++) {
    const words = [directory, String(executions)]
    const { bytes, bytesOfTenfold } = await valueOf<GrowthFigures>(growthProgram, words, flags)
    ratios.push(bytesOfTenfold / bytes)
  }
  return [benchRow({ workload: 'W9', metric: 'rssRatio', value: median(ratios), unit: 'ratio' })]
}
