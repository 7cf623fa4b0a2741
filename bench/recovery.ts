import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type BenchRow, benchRow } from './bench-row.ts'
import { ChildProgram, valueOf } from './child-process.ts'
import { median } from './median.ts'
import type { RecoveryFigures } from './recovery-program.ts'

export interface RecoveryOptions {
  readonly directory: string
  /** Open executions in the file. */
  readonly executions: number
  readonly rounds: number
}

const program = new URL('./recovery-program.ts', import.meta.url)

/**
 * W7: from the opening of a file whose owner was killed until the first re-issued call of the last of its open
 * executions. Each round has a new file and a new process on both sides of the kill.
 */
export async function measureRecovery(options: RecoveryOptions): Promise<readonly BenchRow[]> {
  const recoveryMs: number[] = []
  for (let round = 0; round < options.rounds; round++) recoveryMs.push(await recoverOnce(options))
  return [benchRow({ workload: 'W7', metric: 'recoveryMs', value: median(recoveryMs), unit: 'ms' })]
}

async function recoverOnce({ directory, executions }: RecoveryOptions): Promise<number> {
  const home = mkdtempSync(join(directory, 'recovery-'))
  const words = [join(home, 'aura.db'), String(executions)]
  const owner = new ChildProgram(program, ['build', ...words])
  try {
    await owner.next()
    await owner.kill()
    return (await valueOf<RecoveryFigures>(program, ['recover', ...words])).recoveryMs
  } finally {
    await owner.kill()
    rmSync(home, { recursive: true, force: true })
  }
}
