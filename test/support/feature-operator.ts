import { isOrchestrationError, messageOf } from '../../src/core/errors.ts'
import type { Random } from '../../src/core/random.ts'
import type { EmbeddedEngine, LogEntry } from '../../src/engine/index.ts'
import type { OutsideLog } from './outside-log.ts'

export interface OperatorParts {
  readonly engine: EmbeddedEngine
  readonly log: OutsideLog
  readonly random: Random
  readonly life: number
}

/** What a verb may be answered; anything else is a defect. */
const refusals: ReadonlySet<string> = new Set([
  'RefusedError',
  'NotFoundError',
  'UsageError',
  'StateConsistencyError',
  'InputError',
])

const places = ['start', 'lastCheckpoint', 'hotel', 'each', 'housed', 'book', 'before', 'more']

/** Somebody who steers executions at random, and notes outside what was done. */
export class FeatureOperator {
  readonly #of: OperatorParts
  #forks = 0

  constructor(of: OperatorParts) {
    this.#of = of
  }

  /** What became uncertain is resolved by what the world says: half of it at once. */
  saw({ executionId, event }: LogEntry): void {
    if (event.kind !== 'CallUncertain' || this.#of.random() < 0.5) return
    queueMicrotask(() => void this.#resolveAll(executionId))
  }

  /** One verb on one execution. */
  interfere(): void {
    const { random, log, engine } = this.#of
    const id = this.#pick([...log.keys('accepted').slice(-150), ...log.keys('forked')])
    if (id === undefined) return
    const roll = random()
    if (roll < 0.12) void this.verb('pauseWorkflow', id)
    else if (roll < 0.28) void this.verb('resumeWorkflow', id)
    else if (roll < 0.31) void this.verb('cancelWorkflow', id)
    else if (roll < 0.36) void this.#answered(engine.checkpoint(id))
    else if (roll < 0.5) void this.#rollBack(id)
    else if (roll < 0.55) void this.#fork(id)
    else if (roll < 0.63) void this.#deadLetter()
    else if (roll < 0.78) void this.#changeTogether(id)
    else if (roll < 0.86) void this.#answered(engine.signal(id, 'go', { by: 'operator' }))
    else if (roll < 0.92) void this.#resolveAll(id)
    else this.deliver(this.#pick(log.keys('delivered')) ?? 'order-0')
  }

  verb(
    verb: 'pauseWorkflow' | 'resumeWorkflow' | 'cancelWorkflow' | 'redrive' | 'discard',
    id: string,
  ): Promise<unknown> {
    return this.#answered<unknown>(this.#of.engine[verb](id))
  }

  /** Brings an open execution what only a person can bring. */
  async lookAfter(id: string, status: string): Promise<void> {
    const { engine } = this.#of
    if (status === 'paused') await this.verb('resumeWorkflow', id)
    if (/^asking|-fork\d/.test(id)) {
      await this.#answered(engine.signal(id, 'go', null))
      await this.#answered(engine.signal(id, 'answer', null))
    }
    await this.#resolveAll(id)
  }

  /** The same event twice at once. */
  deliver(order: string): void {
    const { engine, log } = this.#of
    const event = {
      id: order,
      source: 'shop',
      type: 'order.placed',
      time: null,
      subject: null,
      data: { order },
    }
    for (let time = 0; time < 2; time++) {
      const answer = engine.deliver(event).then((ids) => {
        if (!log.has('delivered', order)) log.note('delivered', order)
        for (const id of ids) log.note('started-by-event', id)
      })
      void this.#answered(answer)
    }
  }

  async #rollBack(id: string): Promise<void> {
    const { engine, random, log } = this.#of
    const acceptEffects = random() < 0.3
    log.note(acceptEffects ? 'will-accept' : 'will-roll-back', id)
    await this.#answered(engine.rollback(id, this.#pick(places) ?? 'start', { acceptEffects }))
  }

  async #fork(id: string): Promise<void> {
    const { engine, life, log } = this.#of
    const executionId = `${id.replace(/-fork.*$/, '')}-fork${life}x${this.#forks++}`
    const fork = engine.fork(id, this.#pick(places) ?? 'start', { executionId })
    if ((await this.#answered(fork)) !== undefined) log.note('forked', executionId)
  }

  async #deadLetter(): Promise<void> {
    const { engine, random, log } = this.#of
    const letter = this.#pick(await engine.deadLetters())
    if (letter === undefined) return
    if (random() < 0.9) return void (await this.verb('redrive', letter.id))
    log.note('will-discard', letter.id)
    await this.verb('discard', letter.id)
  }

  /** Two writers who have read the same version: one of them wins. */
  async #changeTogether(id: string): Promise<void> {
    const { engine, log } = this.#of
    const entry = await this.#answered(engine.getStateEntry(id, 'outside'))
    if (entry === undefined) return
    const value = Number(entry?.value ?? 0) + 1
    const expectedVersion = entry?.version ?? 0
    log.note('will-change', id)
    const writes = Array.from({ length: 2 }, async () => {
      const isDone = await this.#answered(
        engine.setState(id, 'outside', value, { expectedVersion }),
      )
      if (isDone === true) log.note('changed', id, String(value))
      return isDone
    })
    const done = await Promise.all(writes)
    if (done.every((one) => one === true)) log.note('wrong', id, 'two writers have won')
  }

  async #resolveAll(id: string): Promise<void> {
    const { engine, log } = this.#of
    const view = await this.#answered(engine.getExecution(id))
    if (view === undefined || view === null) return
    for (const [stepId, { status, items }] of Object.entries(view.steps)) {
      if (status !== 'uncertain' || items !== null) continue
      const [key] = engine
        .ledger(id)
        .filter((entry) => entry.stepId === stepId && entry.outcome === 'uncertain')
        .map(({ idempotencyKey }) => idempotencyKey)
        .slice(-1)
      if (key === undefined) continue
      const resolution = log.has('effect', key)
        ? ({ kind: 'succeed', output: { key } } as const)
        : ({ kind: 'retry' } as const)
      await this.#answered(engine.resolve(id, stepId, resolution))
    }
  }

  /** @returns undefined when the verb was refused */
  async #answered<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return await answer
    } catch (thrown) {
      const code = isOrchestrationError(thrown) ? thrown.code : 'unknown'
      if (!refusals.has(code))
        this.#of.log.note('broken', code, messageOf(thrown).replaceAll('\n', ' '))
      return undefined
    }
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[Math.floor(this.#of.random() * from.length)]
  }
}
