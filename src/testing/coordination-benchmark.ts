import { systemClock } from '../core/clock.ts'
import { OrchestrationError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import { nearestHint } from '../core/nearest.ts'
import { type LogEntry, openEngine } from '../engine/index.ts'
import { makeAgents, type TestAgents } from './agent-script.ts'
import { type LatencySummary, summarise } from './latency-summary.ts'
import { type TestedDocument, testedDocument } from './tested-document.ts'

/** A way of working together, as the benchmark runs it. */
export interface CoordinationPattern {
  readonly document: TestedDocument
  readonly agents: TestAgents
  /** Sent to who waits for a signal, as soon as it waits. */
  readonly signals?: Readonly<Record<string, JsonValue>>
}

export interface CoordinationOptions {
  /** Executions that are measured for each pattern, one after the other. Default 50. */
  readonly rounds?: number
  /** Names of the patterns to run. Default all. */
  readonly only?: readonly string[]
  /** More patterns by name; one of a known name takes its place. */
  readonly patterns?: Readonly<Record<string, CoordinationPattern>>
}

/** Times of one execution, from its start to its recorded end. */
export interface CoordinationRow extends LatencySummary {
  readonly pattern: string
  readonly rounds: number
  readonly meanMs: number
}

const worker: TestAgents = { worker: { work: (input) => input } }
const work = { agent: 'worker', action: 'work' } as const
const voters = ['ada', 'bea', 'cid', 'dan', 'eve']

/** What is measured by default: a sequential pipeline of 5, a fan-out of 10, a vote of 5, and a wait for an approval. */
export const coordinationPatterns: Readonly<Record<string, CoordinationPattern>> = {
  pipeline: {
    agents: worker,
    document: {
      name: 'pipeline',
      version: '1.0.0',
      steps: Object.fromEntries(
        Array.from({ length: 5 }, (_, stage) => [
          `stage_${stage + 1}`,
          stage === 0 ? work : { ...work, needs: [`stage_${stage}`] },
        ]),
      ),
    },
  },
  fanOut: {
    agents: worker,
    document: {
      name: 'fan-out',
      version: '1.0.0',
      steps: {
        each: { ...work, forEach: '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]', with: { item: '${ item }' } },
        sum: { ...work, needs: ['each'] },
      },
    },
  },
  consensus: {
    agents: Object.fromEntries(voters.map((name) => [name, { work: () => ({ choice: 'yes' }) }])),
    document: {
      name: 'consensus',
      version: '1.0.0',
      steps: { vote: { pattern: 'consensus', agents: voters, action: 'work' } },
    },
  },
  approval: {
    agents: worker,
    signals: { approval: { approved: true } },
    document: {
      name: 'approval',
      version: '1.0.0',
      steps: {
        ask: work,
        wait: { needs: ['ask'], waitFor: { signal: 'approval' } },
        act: { ...work, needs: ['wait'] },
      },
    },
  },
}

const warmUpRounds = 5

/** Measures each pattern on the real engine in memory, by the real clock. */
export async function measureCoordination(
  options: CoordinationOptions = {},
): Promise<readonly CoordinationRow[]> {
  const { rounds = 50, patterns = {} } = options
  const all = { ...coordinationPatterns, ...patterns }
  const rows: CoordinationRow[] = []
  for (const name of options.only ?? Object.keys(all)) {
    const pattern = all[name]
    if (pattern === undefined) {
      const hint = nearestHint(name, Object.keys(all)) ?? `known: ${Object.keys(all).join(', ')}`
      throw new OrchestrationError('UsageError', `no coordination pattern '${name}'`, { hint })
    }
    const timesMs = await measure(name, pattern, rounds)
    const meanMs = timesMs.reduce((sum, ms) => sum + ms, 0) / timesMs.length
    rows.push({ pattern: name, rounds, meanMs, ...summarise(timesMs) })
  }
  return rows
}

async function measure(
  name: string,
  { document, agents, signals = {} }: CoordinationPattern,
  rounds: number,
): Promise<readonly number[]> {
  const read = testedDocument(document)
  const stage = { clock: systemClock, park: () => () => {} }
  const engine = await openEngine({ agents: makeAgents(agents, stage) })
  const onEvent = ({ executionId, event }: LogEntry): void => {
    const signal = 'call' in event ? event.call?.signal : undefined
    if (signal === undefined) return
    engine.signal(executionId, signal, signals[signal] ?? null).catch(() => {}) // it has ended meanwhile
  }
  engine.subscribe({ onEvent })
  const timesMs: number[] = []
  try {
    for (let round = -warmUpRounds; round < rounds; round++) {
      const startMs = systemClock.monotonicMs()
      const { status, error } = await engine.executeDocument(read)
      if (status !== 'completed')
        throw new Error(`pattern '${name}' ended ${status}: ${error?.message ?? ''}`)
      if (round >= 0) timesMs.push(systemClock.monotonicMs() - startMs)
    }
  } finally {
    await engine.close()
  }
  return timesMs
}
