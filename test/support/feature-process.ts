import { writeSync } from 'node:fs'
import { systemClock } from '../../src/core/clock.ts'
import { seededRandom } from '../../src/core/random.ts'
import { openEngine, openLook } from '../../src/engine/index.ts'
import type { WorkflowData } from '../../src/workflow/index.ts'
import { featureAgents } from './feature-agents.ts'
import { featureDocuments, startable } from './feature-documents.ts'
import { FeatureOperator } from './feature-operator.ts'
import { OutsideLog } from './outside-log.ts'

/** One life of the process that the test kills. */
export interface FeatureLife {
  readonly db: string
  readonly log: string
  readonly seed: number
  readonly life: number
  /** Executions that it starts. */
  readonly starts: number
  /** The process kills itself at once when it has been promised so many things; 0 for never. */
  readonly promises: number
  /** True: nothing fails and nobody interferes any more, and everything is brought to its end. */
  readonly isLast: boolean
}

const given = JSON.parse(process.argv[2] ?? '{}') as FeatureLife
const { db, seed, life, isLast } = given
const random = seededRandom(seed * 7_919 + life)
const log = new OutsideLog(given.log)

/** What has been promised to somebody outside by the time that it is noted. */
const promised: ReadonlySet<string> = new Set([
  'accepted',
  'forked',
  'delivered',
  'changed',
  'told',
])
let promises = 0
log.onNote = (what) => {
  if (promised.has(what) && ++promises === given.promises) process.kill(process.pid, 'SIGKILL')
}

process.on('unhandledRejection', (thrown) => {
  log.note('broken', `life-${life}`, String(thrown))
  process.exit(1)
})

const engine = await openEngine({
  db,
  agents: featureAgents({ log, random, failShare: isLast ? 0 : 0.1, momentMsMax: 12 }),
  durability: 'full',
})
for (const document of featureDocuments) await engine.registerWorkflow(document)
engine.recoverAll()
const operator = new FeatureOperator({ engine, log, random, life })
engine.subscribe({ onEvent: (entry) => operator.saw(entry) })
say('open')

// Also those that exist: a start that nobody heard the answer of is made again.
const repeated = log.keys('accepted').slice(0, 3)
for (const executionId of repeated) void start(executionId, workOf(executionId))
for (let n = 0; n < given.starts; n++) {
  const work = startable[Math.floor(random() * startable.length)] as WorkflowData
  void start(`${work.name}-${life}x${n}`, work)
  if (n % 6 === 0) operator.deliver(`order-${life}x${n}`)
}
if (isLast) await finish()
else for (;;) await interfere()

async function interfere(): Promise<void> {
  operator.interfere()
  await after(random() * 12)
}

async function finish(): Promise<void> {
  // A busy machine leaves the operator of the other lives few moments, and this verb is a rare one.
  for (const id of log.keys('accepted').slice(-3)) await operator.verb('cancelWorkflow', id)
  await settled()
  for (const { id } of await engine.deadLetters()) {
    if (random() < 0.5) await operator.verb('redrive', id)
  }
  await settled()
  // Whoever asks again is told what was recorded.
  for (const order of log.keys('delivered')) operator.deliver(order)
  await settled()
  await engine.close()
  say('idle')
}

/** Until nothing is open any more; what only a person can bring is brought. */
async function settled(): Promise<void> {
  const look = openLook(db)
  for (;;) {
    const open = look.list({ limit: 100_000 }).filter(({ endedAtMs }) => endedAtMs === null)
    if (open.length === 0) break
    for (const { executionId, status } of open) await operator.lookAfter(executionId, status)
    await after(40)
  }
  look.close()
}

async function start(executionId: string, work: WorkflowData): Promise<void> {
  const options = { executionId, input: { n: executionId.length } }
  await engine.startWorkflow(work.name, work, options)
  if (!log.has('accepted', executionId)) log.note('accepted', executionId)
  const { status } = await engine.continueWorkflow(executionId)
  log.note('told', executionId, status)
}

function workOf(executionId: string): WorkflowData {
  const name = executionId.replace(/-\d+x\d+$/, '')
  return startable.find((work) => work.name === name) as WorkflowData
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve))
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}
