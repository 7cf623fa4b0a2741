import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { type AgentContext, type BaseAgent, defineAgent } from '../../src/agents/index.ts'
import { systemClock } from '../../src/core/clock.ts'

/** What happened outside, line by line: `effect <key>`, on disk before the agent answers. */
export class OutsideLedger {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  write(key: string): void {
    const file = openSync(this.#path, 'a')
    try {
      writeSync(file, `effect ${key}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  /** How often each key had its effect. A line that a kill cut short counts: its effect had begun. */
  effects(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>()
    for (const line of readFileSync(this.#path, 'utf8').split('\n')) {
      const key = /^effect (.+)$/.exec(line)?.[1]
      if (key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    return counts
  }

  has(key: string): boolean {
    return this.effects().has(key)
  }
}

/** Agents whose effects are lines of the ledger; each waits a little before and after its effect. */
export function ledgerAgents(ledger: OutsideLedger): readonly BaseAgent[] {
  const effect = async (_input: unknown, { idempotencyKey }: AgentContext) => {
    await moment(idempotencyKey)
    ledger.write(idempotencyKey)
    await moment(idempotencyKey)
    return { key: idempotencyKey }
  }
  const once = async (input: unknown, context: AgentContext) => effect(input, context)
  const read = async (_input: unknown, { idempotencyKey }: AgentContext) => {
    await moment(idempotencyKey)
    return { key: idempotencyKey }
  }
  const lookup = (key: string) => (ledger.has(key) ? { key } : undefined)
  return [
    defineAgent({
      type: 'outside',
      actions: {
        read: { effect: 'read', run: read },
        once: { effect: 'once', run: once, lookup },
        blind: { effect: 'once', run: once },
      },
      config: { resourceLimits: { maxConcurrent: 40 } },
    }),
  ]
}

/** Calls differ, so that executions served in turn do not go through their steps side by side. */
function moment(key: string): Promise<void> {
  const delayMs = 1 + (crc32(key) % 8)
  return new Promise((resolve) => void systemClock.after(delayMs, resolve))
}
