import { Definitions } from '../../src/engine/definitions.ts'
import { foldRows } from '../../src/engine/folding.ts'
import type { ExecutionRow } from '../../src/engine/index.ts'
import { SqliteJournalReader } from '../../src/engine/journal/sqlite-reader.ts'
import { openReader } from '../../src/storage/index.ts'
import { JournalCheck } from '../../src/testing/simulation/check-journal.ts'
import { decodeRow } from '../../src/workflow/kernel/codec.ts'
import type { KernelEvent } from '../../src/workflow/index.ts'
import type { ExecutionState, StepState } from '../../src/workflow/kernel/state.ts'
import { counts } from './feature-documents.ts'
import type { Noted } from './outside-log.ts'

/** What was found when the file and the outside world were compared. */
export interface Findings {
  /** What does not agree; empty when all is well. */
  readonly faults: readonly string[]
  /** How often each kind of event was recorded. */
  readonly events: ReadonlyMap<string, number>
  readonly statuses: ReadonlyMap<string, number>
  readonly executions: number
}

const onceActions: ReadonlySet<string> = new Set(['pay', 'mail', 'order'])

/** Compares every execution of a file in which nothing is open with what was noted outside. */
export function compareWithOutside(db: string, noted: readonly Noted[]): Findings {
  return new Comparison(noted).run(db)
}

class Comparison {
  readonly #faults: string[] = []
  readonly #events = new Map<string, number>()
  readonly #statuses = new Map<string, number>()
  readonly #noted = new Map<string, string[]>()
  /** By execution, then by key: how often it had its effect, and how often that was undone. */
  readonly #keys = new Map<string, Map<string, { effects: number; undos: number }>>()
  #letters: ReadonlySet<string> = new Set()

  constructor(noted: readonly Noted[]) {
    for (const { what, key, more } of noted) {
      this.#list(`${what} ${key}`).push(more)
      if (what === 'broken' || what === 'wrong') this.#fault(`${what} ${key} ${more}`)
      if (what !== 'effect' && what !== 'undo') continue
      const id = key.slice(0, key.indexOf('/'))
      const keys = this.#keys.get(id) ?? new Map<string, { effects: number; undos: number }>()
      const seen = keys.get(key) ?? { effects: 0, undos: 0 }
      if (what === 'effect') seen.effects++
      else seen.undos++
      this.#keys.set(id, keys.set(key, seen))
    }
  }

  run(db: string): Findings {
    const reader = openReader(db)
    const journal = new SqliteJournalReader(reader)
    const definitions = new Definitions()
    const rows = journal.list({ limit: 1_000_000 })
    const byId = new Map(rows.map((row) => [row.executionId, row]))
    this.#letters = new Set(journal.deadLetters({ limit: 1_000_000 }).map(({ id }) => id))
    for (const row of rows) {
      const { executionId } = row
      add(this.#statuses, row.status)
      if (row.endedAtMs === null) this.#fault(`${executionId} is still ${row.status}`)
      const { plan } = definitions.ofHash(row.documentHash, () =>
        journal.document(row.documentHash),
      )
      const journalled = journal.rows(row.execution)
      const decoded = journalled.map(({ seq, count, payload }) => ({
        seq,
        count,
        ...decodeRow(payload),
      }))
      const events = decoded.flatMap(({ events }) => events)
      for (const { kind } of events) add(this.#events, kind)
      new JournalCheck(plan, (property) => this.#fault(`${property} in ${executionId}`)).run(
        decoded,
      )
      this.#execution(row, foldRows(row, plan, journalled), events)
    }
    this.#outside(byId)
    reader.close()
    return {
      faults: this.#faults,
      events: this.#events,
      statuses: this.#statuses,
      executions: rows.length,
    }
  }

  /** What was promised to somebody outside. */
  #outside(rows: ReadonlyMap<string, ExecutionRow>): void {
    for (const [line, more] of this.#noted) {
      const [what = '', key = ''] = line.split(' ')
      const status = rows.get(key)?.status
      if (['accepted', 'forked', 'started-by-event'].includes(what) && status === undefined)
        this.#fault(`${key} was ${what} and is lost`)
      if (what === 'started-by-event' && more.length > 1) this.#fault(`${key} was started twice`)
      if (what === 'order' && more.length > 1) this.#fault(`${key} was ordered twice`)
      if (what === 'delivered' && !this.#was('order', key)) this.#fault(`order ${key} is lost`)
      const told = more.find((one) => one === 'completed' || one === 'cancelled')
      if (what === 'told' && told !== undefined && told !== status)
        this.#fault(`${key} was told to be ${told} and is ${status}`)
    }
    const failed = [...rows.values()].filter(({ status }) => status === 'failed')
    for (const { executionId } of failed) {
      if (!this.#letters.has(executionId) && !this.#was('will-discard', executionId))
        this.#fault(`${executionId} has failed and has no dead letter`)
    }
    for (const id of this.#letters) {
      if (!id.includes('/') && rows.get(id)?.status !== 'failed')
        this.#fault(`dead letter ${id} of an execution that is ${rows.get(id)?.status}`)
    }
  }

  #execution(row: ExecutionRow, state: ExecutionState, events: readonly KernelEvent[]): void {
    const { executionId, workflow, status } = row
    const keys = [...(this.#keys.get(executionId) ?? [])].map(([key, seen]) => ({
      ...partsOf(key),
      ...seen,
      key,
    }))
    for (const { key, effects, undos } of keys) {
      if (effects > 1) this.#fault(`${key} had its effect ${effects} times`)
      if (undos > 1) this.#fault(`${key} was undone ${undos} times`)
    }
    const isUndone =
      status !== 'completed' &&
      (state.plan.onFailure === 'compensate' || events.some(isUndoRequest))
    const failed = failedCalls(events)
    for (const step of state.steps) {
      const { plan } = step
      const own = keys.filter(
        ({ stepId, label, run }) => stepId === plan.id && !failed.has(`${label}/${run}`),
      )
      if (plan.compensate !== null) this.#undone(state, { step, own, isUndone })
      else this.#notRepeated(executionId, step, own)
      for (const { key, undos } of own)
        if (plan.compensate === null && undos > 0) this.#fault(`${key} was undone by nobody`)
    }
    this.#state(row, state)
    if (workflow === 'on-order' && status !== 'completed')
      this.#fault(`${executionId} is ${status}`)
  }

  #state(
    { executionId, workflow, status }: ExecutionRow,
    { entries, steps }: ExecutionState,
  ): void {
    const value = (key: string): number => Number(entries?.get(key)?.value ?? 0)
    const count = counts[workflow]
    if (status === 'completed' && count !== undefined && value('count') !== count)
      this.#fault(`${executionId} counted ${value('count')} of ${count}`)
    const counted =
      steps.find(({ plan }) => plan.id === 'count')?.view.status === 'completed' ? 1 : 0
    if (workflow === 'returns' && value('count') !== counted)
      this.#fault(`${executionId} has counted ${value('count')}, not ${counted}`)
    const isSteady =
      !this.#was('will-roll-back', executionId) && !this.#was('will-accept', executionId)
    const isFirstHand = workflow !== 'returns' && !executionId.includes('-fork')
    if (!isSteady || !isFirstHand) return
    const [done, tried] = ['changed', 'will-change'].map(
      (what) => this.#noted.get(`${what} ${executionId}`)?.length ?? 0,
    ) as [number, number]
    if (value('outside') < done || value('outside') > tried)
      this.#fault(`${executionId} was changed ${done} to ${tried} times, not ${value('outside')}`)
  }

  /** Every effect of a step that was taken back is undone, and of one that stays none is. */
  #undone(
    { executionId, uncertain }: ExecutionState,
    { step, own, isUndone }: { step: StepState; own: readonly Seen[]; isUndone: boolean },
  ): void {
    const { status } = step.view
    for (const { key, label, run, effects, undos } of own) {
      const letters = [`${executionId}/${label}/compensate`, `${key}/compensate`]
      if (letters.some((id) => this.#was('will-discard', id))) continue
      if (letters.some((id) => this.#letters.has(id))) {
        // It may be the letter of another run.
        const isOwn = !own.some((other) => other.label === label && other.undos === 0)
        if (isOwn && undos > 0) this.#fault(`${key} is undone and a dead letter`)
        continue
      }
      // Of what nobody knows whether it happened, the end of the execution says so and leaves it.
      const isListed = run === step.run && uncertain.includes(label)
      const isBack = !isListed && (run < step.run || status === 'compensated' || isUndone)
      if (isBack && effects > 0 && undos === 0) this.#fault(`${key} is not undone (${status})`)
      if (!isBack && status === 'completed' && undos > 0) this.#fault(`${key} stays and is undone`)
      if (run === step.run && status === 'completed' && !isUndone && effects === 0)
        this.#fault(`${key} is recorded and never happened`)
    }
  }

  /** A `once` effect that nothing undoes happens in one run only, unless somebody accepted that it stays. */
  #notRepeated(executionId: string, { plan }: StepState, own: readonly Seen[]): void {
    const { work } = plan
    if (work.kind !== 'agent' || !onceActions.has(work.action)) return
    const isAccepted = [...this.#noted.keys()].some((line) => {
      const [what, id = ''] = line.split(' ')
      return what === 'will-accept' && (executionId === id || executionId.startsWith(`${id}.`))
    })
    if (isAccepted) return
    const seen = new Set<string>()
    for (const { label, key, effects } of own) {
      if (effects === 0) continue
      if (seen.has(label)) this.#fault(`${key} had its effect again in another run`)
      seen.add(label)
    }
  }

  #was(what: string, key: string): boolean {
    return this.#noted.has(`${what} ${key}`)
  }

  #list(line: string): string[] {
    const list = this.#noted.get(line) ?? []
    this.#noted.set(line, list)
    return list
  }

  #fault(fault: string): void {
    this.#faults.push(fault)
  }
}

interface Seen {
  readonly key: string
  readonly stepId: string
  /** Step and item. */
  readonly label: string
  readonly run: number
  readonly effects: number
  readonly undos: number
}

function partsOf(key: string): {
  readonly stepId: string
  readonly label: string
  readonly run: number
} {
  const [, label = '', run = ''] = key.split('/')
  return { stepId: label.replace(/\[\d+\]$/, ''), label, run: Number(run) }
}

/**
 * The calls, as `label/run`, that were given up when their last attempt had failed: an agent that fails behind its
 * effect says that nothing is to be undone.
 */
function failedCalls(events: readonly KernelEvent[]): ReadonlySet<string> {
  const runs = new Map<string, number>()
  const failed = new Set<string>()
  let goesBack: readonly string[] = []
  for (const event of events) {
    if (event.kind === 'RollbackRequested') goesBack = event.steps
    const anew =
      event.kind === 'RolledBack' ? goesBack : event.kind === 'ExecutionRedriven' ? event.reset : []
    for (const step of anew) runs.set(step, (runs.get(step) ?? 1) + 1)
    if (!('step' in event) || event.step === undefined || 'undo' in event) continue
    const item = 'index' in event && event.index !== undefined ? `[${event.index}]` : ''
    const call = `${event.step}${item}/${runs.get(event.step) ?? 1}`
    if (event.kind === 'RetryScheduled' || event.kind === 'CallFailed') failed.add(call)
    else if (event.kind !== 'CallCancelled') failed.delete(call)
  }
  return failed
}

function isUndoRequest(event: KernelEvent): boolean {
  return event.kind === 'UndoRequested' || (event.kind === 'CancelRequested' && event.undo === true)
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
