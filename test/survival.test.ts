import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/core/clock.ts'
import { seededRandom } from '../src/core/random.ts'
import { openLook } from '../src/engine/index.ts'
import { SqliteJournalReader } from '../src/engine/journal/sqlite-reader.ts'
import { openReader } from '../src/storage/index.ts'
import { liveOnce } from './support/one-life.ts'
import { readOutsideLog } from './support/outside-log.ts'
import type { SurvivalLife } from './support/survival-process.ts'

/** `AURA_SURVIVAL=10000` for the whole run, which is killed ten times. */
const executions = Number(process.env['AURA_SURVIVAL'] ?? 1_000)
const kills = executions >= 10_000 ? 10 : 3
const seed = Number(process.env['AURA_SEED'] ?? 5)
/** Two or three dead letters, as they come by chance, are much of a thousand. */
const completedShare = executions >= 10_000 ? 0.999 : 0.996

const script = fileURLToPath(new URL('support/survival-process.ts', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

interface Files {
  readonly db: string
  readonly log: string
}

describe(`${executions} executions, one call in twenty fails, ${kills} kills (seed ${seed})`, () => {
  it(
    'nearly all complete by themselves, and each one is accounted for',
    { timeout: 300_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'survival-'))
      folders.push(folder)
      const files = { db: join(folder, 'aura.db'), log: join(folder, 'outside') }
      writeFileSync(files.log, '')
      const startedMs = systemClock.monotonicMs()
      const random = seededRandom(seed)
      for (let life = 0; life < kills; life++) {
        const soFar = Math.ceil(((life + 1) * executions) / (kills + 1))
        const { signal } = await live(files, { life, executions: soFar, isLast: false }, random)
        expect(signal).toBe('SIGKILL')
      }
      const last = await live(files, { life: kills, executions, isLast: true }, null)
      expect(last.lines.slice(0, 2)).toEqual(['open', 'accepted'])
      expect(last.code).toBe(0)
      const account = accountOf(files)
      const seconds = Math.round(systemClock.monotonicMs() - startedMs) / 1_000
      // oxlint-disable-next-line no-console -- the figures of the run are its result
      console.log(JSON.stringify({ ...account, seconds, rssMb: Number(last.lines[2]) }))
      const { completed, deadLetters, uncertain } = account
      expect(completed + deadLetters + uncertain).toBe(executions)
      expect(completed).toBeGreaterThanOrEqual(completedShare * executions)
      expect(account).toMatchObject({ lost: [], twice: [], unaccounted: [] })
      // Something had to be survived.
      expect(account.retries).toBeGreaterThan(executions / 50)
      expect(deadLetters).toBeGreaterThan(0)
      expect(account.attemptsLost).toBeGreaterThan(kills)
    },
  )
})

function live(
  { db, log }: Files,
  life: Pick<SurvivalLife, 'life' | 'executions' | 'isLast'>,
  random: (() => number) | null,
) {
  const given: SurvivalLife = { db, log, seed, ...life }
  // While it is at work: a life of so many starts takes about so many milliseconds.
  const afterMs = random === null ? 0 : 20 + (random() * executions) / (kills + 1)
  const doom = random === null ? null : ({ from: 'firstLine', afterMs } as const)
  return liveOnce([process.execPath, script, JSON.stringify(given)], doom)
}

/** What became of every execution, by the file and by what was noted outside. */
function accountOf({ db, log }: Files) {
  const reader = openReader(db)
  const letters = new SqliteJournalReader(reader).deadLetters({ limit: 1_000_000 })
  reader.close()
  const reasons = new Map(letters.map(({ id, error }) => [id, error.message]))
  const look = openLook(db)
  const rows = look.list({ limit: 1_000_000 })
  const account = { completed: 0, deadLetters: 0, uncertain: 0, attemptsLost: 0, retries: 0 }
  const unaccounted: string[] = []
  for (const { executionId, status, parent } of rows) {
    for (const { event } of look.log(executionId)) {
      if (event.kind === 'AttemptLost') account.attemptsLost++
      if (event.kind === 'RetryScheduled') account.retries++
    }
    if (parent !== null) continue
    if (status === 'completed') account.completed++
    else if (status === 'failed' && (reasons.get(executionId) ?? '') !== '') account.deadLetters++
    else if (isUncertain(look.show(executionId).steps)) account.uncertain++
    else unaccounted.push(`${executionId} ${status}`)
  }
  look.close()
  const noted = readOutsideLog(log)
  const known = new Set(rows.map(({ executionId }) => executionId))
  const accepted = noted.filter(({ what }) => what === 'accepted')
  const effects = noted.filter(({ what }) => what === 'effect').map(({ key }) => key)
  const seen = new Set<string>()
  const twice = effects.filter((key) => seen.size === seen.add(key).size)
  const lost = accepted.map(({ key }) => key).filter((key) => !known.has(key))
  return { ...account, lost, twice, unaccounted, effects: effects.length }
}

function isUncertain(steps: Readonly<Record<string, { readonly status: string }>>): boolean {
  return Object.values(steps).some(({ status }) => status === 'uncertain')
}
