import { writeSync } from 'node:fs'
import { systemClock } from '../../src/core/clock.ts'
import { seededRandom } from '../../src/core/random.ts'
import { openEngine } from '../../src/engine/index.ts'
import type { WorkflowData } from '../../src/workflow/index.ts'
import { featureAgents } from './feature-agents.ts'
import { OutsideLog } from './outside-log.ts'

/** One life of the process that the test kills. */
export interface SurvivalLife {
  readonly db: string
  readonly log: string
  readonly seed: number
  readonly life: number
  /** Executions that are started in all, by this life and those before it. */
  readonly executions: number
  /** True: goes on until nothing moves any more. */
  readonly isLast: boolean
}

const given = JSON.parse(process.argv[2] ?? '{}') as SurvivalLife
const log = new OutsideLog(given.log)
const random = seededRandom(given.seed * 7_919 + given.life)

const act = (action: string, more: object = {}) => ({ agent: 'outside', action, ...more })
const brittle = { fallback: act('write') }

/** Fails for good, so that there is a dead letter to account for. */
const doomed = document('doomed', { a: act('pay'), b: act('break', { needs: ['a'] }) })
/** Retries are the built-in ones. Only the first document has a call that nobody can look up. */
const documents: readonly WorkflowData[] = [
  document('posted', { look: act('look'), mail: act('post', { needs: ['look'] }) }),
  document('chain', {
    look: act('look'),
    book: act('pay', { needs: ['look'] }),
    note: act('write', { needs: ['book'], ...brittle }),
    last: act('look', { needs: ['note'] }),
  }),
  document('fan', {
    each: act('write', { forEach: '[1, 2, 3, 4]' }),
    join: act('pay', { needs: ['each'], compensate: act('undo') }),
  }),
  document('nap', {
    a: act('count', { checkpoint: 'counted' }),
    rest: { needs: ['a'], sleep: '150ms' },
    b: act('count', { needs: ['rest'] }),
  }),
  document('family', {
    before: act('look'),
    kid: { needs: ['before'], workflow: { name: 'fan', version: '1' } },
  }),
]

const engine = await openEngine({
  db: given.db,
  agents: featureAgents({ log, random, failShare: 0.05, definiteShare: 0.002, momentMsMax: 4 }),
  durability: 'full',
})
for (const known of [doomed, ...documents]) await engine.registerWorkflow(known)
engine.recoverAll()
say('open')
const starts: Promise<void>[] = []
for (let n = 0; n < given.executions; n++) {
  const executionId = `s-${n}`
  if (!log.has('accepted', executionId)) starts.push(start(executionId, n))
  // As they come, not all at once.
  if (starts.length % 100 === 99) await after(10)
}
await Promise.all(starts)
say('accepted')
if (!given.isLast) await new Promise<never>(() => void systemClock.after(600_000, () => {}))
// What waits for a person is out of memory, and so is what has ended.
while (engine.held.executions > 0 || engine.held.attempts > 0) await after(100)
await engine.close()
say(String(Math.round(process.resourceUsage().maxRSS / 1_024)))

async function start(executionId: string, n: number): Promise<void> {
  const kind = n % 200 === 0 ? 0 : 1 + (n % (documents.length - 1))
  const work = n % 2_000 === 999 ? doomed : (documents[kind] as WorkflowData)
  await engine.startWorkflow(work.name, work, { executionId, input: { n } })
  log.note('accepted', executionId)
}

function document(name: string, steps: object): WorkflowData {
  return { name, version: '1.0.0', steps } as WorkflowData
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve))
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}
