import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { mutants } from './mutants.ts'

const run = promisify(execFile)
const main = new URL('./main.ts', import.meta.url).pathname
/** A mutant may need hundreds of seeds, five of them at a time beside other tests. */
const patience = 300_000

interface Report {
  readonly seeds: number
  readonly failed: number
  readonly failures: readonly { readonly seed: number; readonly property: string }[]
  readonly coverage: Readonly<Record<string, Readonly<Record<string, number>>>>
}

async function simulate(...args: readonly string[]): Promise<Report> {
  const { stdout } = await run(process.execPath, [main, '--json', ...args]).catch(
    (failed: { stdout: string; stderr: string }) => {
      if (failed.stdout === '') throw new Error(failed.stderr)
      return failed
    },
  )
  return JSON.parse(stdout) as Report
}

// Each simulation is a process of its own: several run at the same time.
describe.concurrent('simulation', () => {
  it(
    'finds nothing in fresh seeds and meets every event, fault, crash point and feature',
    async () => {
      const first = Math.floor(Math.random() * 1_000_000_000)
      console.log(`simulating 800 seeds from ${first}`)
      const { failures, coverage } = await simulate('--seeds', '800', '--seed', String(first))
      expect(failures).toEqual([])
      for (const counts of Object.values(coverage)) {
        for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(0)
      }
    },
    patience,
  )

  it(
    'does the same again for the same seed',
    async () => {
      const [once, twice] = await Promise.all([simulate('--seeds', '5'), simulate('--seeds', '5')])
      expect(twice).toEqual(once)
    },
    patience,
  )

  it.each(mutants.map(({ name }) => name))(
    'catches the mutant %s within 500 seeds',
    async (name) => {
      const { failed } = await simulate('--seeds', '500', '--mutant', name)
      expect(failed).toBeGreaterThan(0)
    },
    patience,
  )
})
