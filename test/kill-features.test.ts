import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { type Random, seededRandom } from '../src/core/random.ts'
import { compareWithOutside, type Findings } from './support/feature-check.ts'
import type { FeatureLife } from './support/feature-process.ts'
import { type Doom, liveOnce } from './support/one-life.ts'
import { readOutsideLog } from './support/outside-log.ts'

/** `AURA_KILLS=50 AURA_SEED=3` for the whole run, and for another one. */
const kills = Number(process.env['AURA_KILLS'] ?? 20)
const seed = Number(process.env['AURA_SEED'] ?? 11)

const script = fileURLToPath(new URL('support/feature-process.ts', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** What must have happened for the run to mean anything. */
const expectedEvents = [
  'AttemptLost',
  'CallCancelled',
  'CallResolved',
  'CallSuspended',
  'CallUncertain',
  'CancelRequested',
  'CheckpointTaken',
  'ChildEnded',
  'CompensationRedriven',
  'CompensationScheduled',
  'ExecutionForked',
  'ExecutionPaused',
  'ExecutionRedriven',
  'FallbackScheduled',
  'RetryScheduled',
  'RolledBack',
  'SignalDelivered',
  'StateChanged',
  'UndoRequested',
]

describe(`kill -9 at ${kills} random moments of everything (seed ${seed})`, () => {
  it('the file and the outside world agree in the end', { timeout: 400_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kill-features-'))
    folders.push(folder)
    const files = { db: join(folder, 'aura.db'), log: join(folder, 'outside') }
    writeFileSync(files.log, '')
    const random = seededRandom(seed)
    for (let life = 0; life < kills; life++) {
      const starts = life === 0 ? 150 : 14
      const { signal, lines } = await live({ ...files, life, starts }, doomOf(random))
      expect([signal, lines.length < 2]).toEqual(['SIGKILL', true])
    }
    const { lines } = await live({ ...files, life: kills, starts: 14 }, null)
    expect(lines).toEqual(['open', 'idle'])
    const findings = compareWithOutside(files.db, readOutsideLog(files.log))
    tell(findings)
    expect(findings.faults).toEqual([])
    expect(expectedEvents.filter((kind) => !findings.events.has(kind))).toEqual([])
  })
})

/** One in four before or during recovery, some of them in a row; the others at work. */
function doomOf(random: Random): Doom {
  const roll = random()
  if (roll < 0.1) return { from: 'spawn', afterMs: random() * 600 }
  if (roll < 0.25) return { from: 'firstLine', afterMs: random() * 25 }
  return { from: 'firstLine', afterMs: 50 + random() * 600 }
}

/** Every third life ends by itself, the moment that it was promised something. */
function live(given: Omit<FeatureLife, 'seed' | 'isLast' | 'promises'>, doom: Doom | null) {
  const isLast = doom === null
  const promises = !isLast && given.life % 3 === 2 ? 1 + (given.life % 20) : 0
  const life: FeatureLife = { ...given, seed, promises, isLast }
  return liveOnce([process.execPath, script, JSON.stringify(life)], doom)
}

/** The figures of a run that was asked for are its result. */
function tell({ executions, statuses, events, faults }: Findings): void {
  if (!('AURA_KILLS' in process.env)) return
  // oxlint-disable-next-line no-console
  console.log({ seed, executions, statuses, events, faults: faults.slice(0, 60) })
}
