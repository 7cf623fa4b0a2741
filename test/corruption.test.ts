import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRandom } from '../src/core/random.ts'
import { type Recovery, recover } from '../src/engine/salvage/recover.ts'
import {
  addExecutions,
  type Answers,
  answersOf,
  copyDatabase,
  flipBytes,
  idsOf,
  openDamaged,
  type Refusal,
  refusalOf,
  stable,
} from './support/damage.ts'

/** Files that are damaged; `AURA_CORRUPTIONS=1000` for the whole run. */
const files = Number(process.env['AURA_CORRUPTIONS'] ?? 150)
/** With their children and forks there are more of them in the file. */
const executions = 64

let folder = ''
/** Everything is in the main file. */
let checkpointed = ''
/** The newest executions are in the write-ahead log alone. */
let logged = ''
let wanted: Answers
let wantedOfOwner: ReadonlyMap<string, string | Refusal>
let wantedWithLog: Answers

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'corruption-'))
  checkpointed = join(folder, 'whole.db')
  logged = join(folder, 'logged.db')
  const first = await openDamaged(checkpointed)
  await addExecutions(first, executions)
  await first.close()
  wanted = answersOf(checkpointed)
  const copy = newCopy('owned', checkpointed)
  wantedOfOwner = (await ownerAnswers(copy)) as ReadonlyMap<string, string>
  const second = await openDamaged(checkpointed)
  await addExecutions(second, 16, executions)
  copyDatabase(checkpointed, logged)
  wantedWithLog = answersOf(logged)
  await second.close()
  // Closing carried the log into the file: back to what it was.
  copyDatabase(copy, checkpointed, ['', '.mark'])
}, 60_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('a file in which bytes were flipped', () => {
  it.each([
    ['anywhere', files],
    ['pageHeads', Math.ceil(files / 3)],
  ] as const)(
    '%s is detected or answers as before, and is salvaged (%i files)',
    async (where, count) => {
      const counts = { atOpen: 0, atRead: 0, harmless: 0, executionsLost: 0, cutShort: 0 }
      for (let seed = 1; seed <= count; seed++) {
        const path = newCopy(`flipped-${seed}`, checkpointed)
        const places = flipBytes(path, seededRandom(seed), where)
        const { outcome, lost } = await examine(path, `seed ${seed}, bytes ${places.join(' ')}`)
        counts[outcome]++
        for (const { seq } of lost) counts[seq === null ? 'executionsLost' : 'cutShort']++
        rmSync(join(path, '..'), { recursive: true })
      }
      // oxlint-disable-next-line no-console -- the figures of the run are its result
      if ('AURA_CORRUPTIONS' in process.env) console.log(where, JSON.stringify(counts))
      expect(counts.atOpen).toBeGreaterThan(0)
      if (where === 'anywhere') expect(counts.atRead).toBeGreaterThan(0)
    },
    files * 1_000,
  )

  async function examine(path: string, name: string): Promise<Examined> {
    const recovery = await recover({ path, nowMs: 1 })
    checkRecovery(recovery, wanted, name)
    const { lost } = recovery
    const seen = answersOf(path, [...wanted.shown.keys()])
    checkAnswers(seen, wanted, name)
    const owned = await ownerAnswers(newCopy('owned', path))
    if ('code' in owned) return { outcome: 'atOpen', lost }
    for (const [id, view] of owned)
      if (typeof view === 'string')
        expect(view, `${name}: ${id} as owner`).toBe(wantedOfOwner.get(id))
    const all = [seen.list, seen.letters, ...seen.shown.values(), ...owned.values()]
    const isHarmless = all.every((answer) => typeof answer === 'string')
    return { outcome: isHarmless ? 'harmless' : 'atRead', lost }
  }
})

interface Examined {
  /** Where the damage was noticed first. */
  readonly outcome: 'atOpen' | 'atRead' | 'harmless'
  readonly lost: Recovery['lost']
}

describe('a write-ahead log that is damaged', () => {
  it.each([
    ['lost', (path: string) => rmSync(`${path}-wal`)],
    ['empty', (path: string) => writeFileSync(`${path}-wal`, '')],
    ['torn', (path: string) => truncateSync(`${path}-wal`, statSync(`${path}-wal`).size / 2)],
    ['flipped', (path: string) => flipAt(`${path}-wal`, 0.3)],
    ['flipped in its header', (path: string) => flipAt(`${path}-wal`, 0)],
  ])('and %s is reported by the mark to owner and reader', async (_, damage) => {
    const path = newCopy(`log-${_}`, logged)
    damage(path)
    const refusal = {
      code: 'StorageError',
      message: expect.stringMatching(/committed work is missing/),
    }
    expect(answersOf(path).list).toEqual(refusal)
    expect(await ownerAnswers(path)).toEqual(refusal)
    const recovery = await recover({ path, nowMs: 1 })
    checkRecovery(recovery, wantedWithLog, _)
    expect(recovery.recovered).toBeGreaterThanOrEqual(executions)
    // The new file is a file like any other.
    expect(idsOf(answersOf(recovery.path).list as string).length).toBe(recovery.recovered)
    await (await openDamaged(recovery.path)).close()
  })

  it('at its newest frame loses no more than that frame', async () => {
    const path = newCopy('frame', logged)
    flipAt(`${path}-wal`, 0.5)
    const recovery = await recover({ path, nowMs: 1 })
    const kept = [...answersOf(recovery.path).shown.keys()]
    expect(kept.length).toBeGreaterThan(executions + 7)
  })

  it('is no alarm when it is whole, or when the mark is behind or gone', async () => {
    const whole = newCopy('no-alarm', logged)
    expect(answersOf(whole)).toEqual(wantedWithLog)
    const unmarked = newCopy('no-mark', logged)
    rmSync(`${unmarked}.mark`)
    expect(answersOf(unmarked)).toEqual(wantedWithLog)
    const behind = newCopy('behind', logged)
    copyDatabase(checkpointed, behind, ['.mark'])
    expect(answersOf(behind)).toEqual(wantedWithLog)
    await (await openDamaged(behind)).close()
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
    'in random places is reported or answers as before (seed %i)',
    async (seed) => {
      const path = newCopy(`log-${seed}`, logged)
      flipBytes(`${path}-wal`, seededRandom(seed))
      const recovery = await recover({ path, nowMs: 1 })
      checkRecovery(recovery, wantedWithLog, `seed ${seed}`)
      const seen = answersOf(path, [...wantedWithLog.shown.keys()])
      checkAnswers(seen, wantedWithLog, `seed ${seed}`)
      expect(recovery.recovered).toBeGreaterThanOrEqual(executions)
    },
  )
})

describe('a file that was cut short', () => {
  it.each([0, 1, 100, 4_096, 20_000])('to %i bytes is refused and salvaged', async (bytes) => {
    const path = newCopy(`cut-${bytes}`, checkpointed)
    truncateSync(path, bytes)
    const refused = await ownerAnswers(newCopy(`cut-owned-${bytes}`, path))
    expect(refused).toHaveProperty('code', 'StorageError')
    expect(answersOf(path).list).toHaveProperty('code', 'StorageError')
    const recovery = await recover({ path, nowMs: 1 })
    expect(recovery.recovered).toBeLessThan(executions)
    expect(recovery.missingRows).toBeGreaterThan(0)
  })
})

/** Nothing in the new file differs from what was, unless it is listed; what is not in it is listed. */
function checkRecovery(recovery: Recovery, was: Answers, name: string): void {
  const saved = answersOf(recovery.path)
  const lost = new Map(recovery.lost.map((part) => [part.executionId, part]))
  expect(typeof saved.list, `${name}: the recovered file can be read`).toBe('string')
  expect(saved.shown.size).toBe(recovery.recovered)
  for (const [id, view] of was.shown) {
    const now = saved.shown.get(id)
    if (now === undefined) {
      if (recovery.missingRows === 0) expect(lost.has(id), `${name}: ${id} is missing`).toBe(true)
    } else if (!lost.has(id)) expect(now, `${name}: ${id} recovered`).toBe(view)
    else expect(lost.get(id)?.seq, `${name}: ${id} is there in part`).not.toBeNull()
  }
  const isWhole = (id: string): boolean => saved.shown.has(id) && !lost.has(id)
  expect(lettersOf(saved, isWhole), `${name}: dead letters`).toEqual(lettersOf(was, isWhole))
  for (const id of saved.shown.keys())
    expect(was.shown.has(id), `${name}: ${id} was never there`).toBe(true)
}

function lettersOf({ letters }: Answers, isWanted: (id: string) => boolean): unknown {
  const all = JSON.parse(letters as string) as readonly { readonly executionId: string }[]
  return all.filter(({ executionId }) => isWanted(executionId))
}

/** Each answer is as before, or a clear refusal. */
function checkAnswers(seen: Answers, was: Answers, name: string): void {
  if (typeof seen.list === 'string') expect(seen.list, `${name}: ls`).toBe(was.list)
  if (typeof seen.letters === 'string') expect(seen.letters, `${name}: dlq ls`).toBe(was.letters)
  for (const [id, view] of seen.shown)
    if (typeof view === 'string') expect(view, `${name}: show ${id}`).toBe(was.shown.get(id))
}

/** What an owner answers for each execution; the refusal when it cannot open the file. */
async function ownerAnswers(
  path: string,
): Promise<ReadonlyMap<string, string | Refusal> | Refusal> {
  const opened = await openDamaged(path).catch(refusalOf)
  if ('code' in opened) return opened
  const answers = new Map<string, string | Refusal>()
  for (const id of wanted.shown.keys())
    answers.set(id, await opened.getExecution(id).then(stable, refusalOf))
  await opened.close()
  return answers
}

function newCopy(name: string, of: string): string {
  const own = mkdtempSync(join(folder, `${name.replaceAll(' ', '-')}-`))
  const path = join(own, 'aura.db')
  mkdirSync(own, { recursive: true })
  copyDatabase(of, path)
  return path
}

function flipAt(path: string, part: number): void {
  const bytes = readFileSync(path)
  const place = Math.floor((bytes.length - 1) * part)
  bytes[place] = (bytes[place] as number) ^ 0xff
  writeFileSync(path, bytes)
}
