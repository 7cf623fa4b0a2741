import { jsonEqual } from '../src/core/json.ts'
import type { ExecutionState } from '../src/workflow/kernel/state.ts'
import { executionStatus } from '../src/workflow/kernel/status.ts'
import { JournalCheck } from '../src/testing/simulation/check-journal.ts'
import { checkMemory } from './check-memory.ts'
import { isLone } from './lone-steering.ts'
import type { ExecutionRecord } from './records.ts'
import type { World } from './world.ts'

/** Checks, when all is over, everything that must hold whatever happened. */
export function checkWorld(world: World): void {
  const { records, outside, clients, semanticClients } = world
  const letters = new Set(world.disk.store.deadLetters({}).map(({ id }) => id))
  let isExempt = false
  for (const record of records.byId.values()) {
    if (record.isExempt) isExempt = true
    else checkRecord(world, record, letters)
  }
  if (!isExempt && letters.size > 0)
    world.fail(`deadLetterOnce (${Array.from(letters).join(', ')} without a reason)`)
  clients.check()
  semanticClients.check()
  const isOut = (key: string): boolean =>
    world.record(key.slice(0, key.indexOf('/')))?.isExempt === true
  for (const key of outside.doubled()) if (!isOut(key)) world.fail(`onceNotTwice (${key})`)
  for (const { key, property } of outside.faults)
    if (!isOut(key)) world.fail(`${property} (${key})`)
  for (const id of world.mesh.unsent) if (!isOut(id)) world.fail(`publishedIsSent (${id})`)
  checkMemory(world)
  if (!isExempt) checkHeld(world)
}

/** @param letters open dead letters of the journal's table; those of the execution are taken out */
function checkRecord(world: World, record: ExecutionRecord, letters: Set<string>): void {
  const { row, plan, rows, model } = record
  const { executionId, workflow } = row
  const fail = (property: string): void => world.fail(`${property} (${executionId} ${workflow})`)
  new JournalCheck(plan, (property) => {
    // Who steers a sub-workflow past its parent spends what he likes.
    if (property !== 'budgetHolds' || !isSteeredBelow(world, record)) fail(property)
  }).run(rows)
  if (record.isOpen) fail('everythingEnds')
  const now = world.disk.store.find(executionId)
  if (now === undefined) return fail('noAcceptedIsLost')
  const state = world.records.foldedTo(record, Infinity)
  if (executionStatus(state) !== now.status) fail('statusMatchesJournal')
  if (now.status !== model.end.result) fail('statusMatchesJournal')
  checkState(record, state, fail)
  checkLetters({ record, state, letters, isPruned: now.isPruned, fail })
}

/** The kernel's account of the state is the other one's. */
function checkState(
  { model }: ExecutionRecord,
  state: ExecutionState,
  fail: (property: string) => void,
): void {
  if (!model.state.countIsRight) fail('countedOnce')
  for (const [key, { version, value }] of model.state.entries) {
    const entry = state.entries?.get(key)
    const isSame =
      entry?.version === version &&
      entry.isDeleted === (value === undefined) &&
      jsonEqual(entry.value, value ?? null)
    if (!isSame) fail('stateIsFolded')
  }
}

/** One open dead letter for a failed execution and for each failed compensation, and no other, in the table as in the state. */
function checkLetters(of: {
  readonly record: ExecutionRecord
  readonly state: ExecutionState
  readonly letters: Set<string>
  readonly isPruned: boolean
  readonly fail: (property: string) => void
}): void {
  const { record, state, letters, isPruned, fail } = of
  const { executionId } = record.row
  const { end } = record.model
  const expected = new Set(end.undoLetters.keys())
  if (end.hasLetter) expected.add(executionId)
  const folded = state.deadLetters
  const areFolded =
    folded.size === expected.size && Array.from(expected).every((id) => folded.has(id))
  if (!areFolded) fail('deadLetterOnce')
  for (const id of expected) {
    if (letters.delete(id) === isPruned) fail('deadLetterOnce')
  }
}

/** When everything has ended, nothing is held any more. */
function checkHeld(world: World): void {
  const { process, time } = world
  const { timers, attempts, slots, executions } = process.engine.held
  const { parked, watched } = process.engine.awaited
  const { placesHeld } = process.agents
  if (timers + attempts + slots + executions + parked + watched + placesHeld === 0) return
  const what = {
    timers,
    attempts,
    slots,
    executions,
    parked,
    watched,
    placesHeld,
    atMs: time.monotonicMs,
  }
  world.fail(`nothingIsLeftOver (${JSON.stringify(what)})`)
}

/** Somebody has redriven or taken back one of its sub-workflows alone. */
function isSteeredBelow({ records }: Pick<World, 'records'>, { row }: ExecutionRecord): boolean {
  return Array.from(records.byId.values()).some(
    (child) =>
      child.row.parent === row.execution &&
      (child.model.events.some(isLone) || isSteeredBelow({ records }, child)),
  )
}
