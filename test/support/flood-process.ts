import { writeSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'
import { defineAgent } from '../../src/agents/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { isOrchestrationError, messageOf } from '../../src/core/errors.ts'
import { openEngine } from '../../src/engine/index.ts'
import { OutsideLog } from './outside-log.ts'

/** What a process floods its engine with. */
export type Flood = 'small' | 'large' | 'fanOut' | 'signals' | 'state' | 'http'

/** One life of the process under test. */
export interface FloodLife {
  readonly db: string
  readonly log: string
  /** Of an HTTP agent that answers only when the test lets it. */
  readonly url: string
  /** Null floods with nothing: what is there is brought to its end. */
  readonly flood: Flood | null
  /** After the flood: goes on to the end, or waits to be killed. */
  readonly isEnding: boolean
}

const given = JSON.parse(process.argv[2] ?? '{}') as FloodLife
/** It is over when so much was refused, or nothing was for so long. */
const refusedMin = 100
const floodMsMax = 25_000
/** Requests under way at the same time. Large ones are few: what the caller holds fills the same heap. */
const together = { small: 64, large: 4, fanOut: 4, signals: 16, state: 16, http: 64 } as const
const waiting = 20

const log = new OutsideLog(given.log)
let openGate = (): void => {}
const gate = new Promise<void>((resolve) => (openGate = resolve))

const held = { effect: 'idempotent', run: async () => (await gate, null) } as const
const engine = await openEngine({
  db: given.db,
  agents: [
    defineAgent({ type: 'gate', actions: { pass: held } }),
    defineAgent({
      type: 'deaf',
      url: given.url,
      actions: { ask: { effect: 'idempotent' } },
    }),
  ],
})

const pass = (more: object = {}) => ({ agent: 'gate', action: 'pass', ...more })
const documents = {
  small: { a: pass(), b: pass({ needs: ['a'] }) },
  large: { a: pass({ with: { text: '${ input.text }' } }) },
  fanOut: { each: pass({ forEach: 'input.items', with: { n: '${ item }' } }) },
  signals: { go: { waitFor: { signal: 'go' } }, a: pass({ needs: ['go'] }) },
  state: { go: { waitFor: { signal: 'go' } }, a: pass({ needs: ['go'] }) },
  http: { a: { agent: 'deaf', action: 'ask', with: { text: '${ input.text }' } } },
} as const

const refusals = new Map<string, number>()
let count = 0

engine.recoverAll()
say('open')
if (given.flood !== null) await flood(given.flood)
const { used_heap_size: usedBytes } = getHeapStatistics()
const heapMb = Math.round(usedBytes / 1_048_576)
say(JSON.stringify({ count, heapMb, refusals: Object.fromEntries(refusals) }))
if (given.isEnding) await finish()
else await new Promise<never>((resolve) => void systemClock.after(600_000, () => resolve))

async function flood(kind: Flood): Promise<void> {
  const targets: string[] = []
  if (kind === 'signals' || kind === 'state')
    for (let n = 0; n < waiting; n++) targets.push(await start(kind, `w-${n}`, {}))
  const startedMs = systemClock.monotonicMs()
  while (refusedSoFar() < refusedMin && systemClock.monotonicMs() - startedMs < floodMsMax)
    await Promise.all(
      Array.from({ length: together[kind] }, () => one(kind, targets).catch(noteRefusal)),
    )
}

/** Each is different, so that nothing is stored once for all. */
async function one(kind: Flood, targets: readonly string[]): Promise<void> {
  const n = count++
  const text = (length: number): string => `${n} `.repeat(length / `${n} `.length)
  const target = targets[n % targets.length] as string
  switch (kind) {
    case 'small':
      await start(kind, `x-${n}`, { text: text(4_000) })
      return
    // Bodies that are sent, and items that run beside each other: large enough to fill the heap within seconds.
    case 'http':
      await start(kind, `x-${n}`, { text: text(100_000) })
      return
    case 'large':
      await start(kind, `x-${n}`, { text: text(1_000_000) })
      return
    case 'fanOut':
      await start(kind, `x-${n}`, {
        items: Array.from({ length: 100 }, (_, place) => `${place} ${text(10_000)}`),
      })
      return
    case 'signals':
      await engine.signal(target, 'noise', text(100_000))
      return
    case 'state':
      await engine.setState(target, `k-${n}`, text(100_000))
      return
    default:
      throw new Error(`no flood '${String(kind)}'`)
  }
}

async function start(kind: Flood, executionId: string, input: Record<string, unknown>) {
  const document = { name: kind.toLowerCase(), version: '1.0.0', steps: documents[kind] }
  await engine.startWorkflow(document.name, document, {
    executionId,
    input: input as never,
  })
  log.note('accepted', executionId)
  return executionId
}

/** Lets everything through and waits until it has ended. */
async function finish(): Promise<void> {
  openGate()
  for (const executionId of log.keys('accepted')) {
    if (executionId.startsWith('w-')) await engine.signal(executionId, 'go', null).catch(() => {})
  }
  for (const executionId of log.keys('accepted')) {
    const { status, error } = await engine.continueWorkflow(executionId)
    log.note('ended', executionId, `${status} ${error?.code ?? ''} ${error?.message ?? ''}`)
  }
  await engine.close()
  say('idle')
}

function refusedSoFar(): number {
  return Array.from(refusals.values()).reduce((sum, one) => sum + one, 0)
}

function noteRefusal(thrown: unknown): void {
  const code = isOrchestrationError(thrown) ? thrown.code : 'unknown'
  const limit = /\b[a-z]+[A-Za-z]*Max\b/.exec(messageOf(thrown))?.[0] ?? messageOf(thrown)
  const kind = `${code} ${limit}`
  refusals.set(kind, (refusals.get(kind) ?? 0) + 1)
}

function say(line: string): void {
  writeSync(1, `${line}\n`)
}
