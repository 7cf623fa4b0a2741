import { hashJson, type JsonValue } from '../src/core/json.ts'
import { decodeRow } from '../src/workflow/kernel/codec.ts'
import { fold } from '../src/workflow/kernel/fold.ts'
import { newExecution } from '../src/workflow/kernel/state.ts'
import { executionStatus } from '../src/workflow/kernel/status.ts'
import type { Definitions } from '../src/engine/definitions.ts'
import { JournalCheck } from './check-journal.ts'
import type { World } from './world.ts'

/** Checks, when all is over, everything that must hold whatever happened. */
export function checkWorld(world: World, definitions: Definitions): void {
  const { disk, accepted, outside, coverage } = world
  for (const [executionId, { document, isAcknowledged, isExempt, view }] of accepted) {
    const row = disk.store.find(executionId)
    if (row === undefined) {
      if (isAcknowledged && !isExempt) world.fail('noAcceptedIsLost')
      continue
    }
    const rows = disk.store.rows(row.execution)
    const decoded = rows.map(({ seq, count, payload }) => ({ seq, count, ...decodeRow(payload) }))
    for (const { events } of decoded)
      for (const event of events) coverage.count('events', event.kind)
    if (isExempt) continue
    const { plan } = definitions.ofDocument(document)
    const fail = (property: string) => world.fail(`${property} (${executionId} ${row.workflow})`)
    new JournalCheck(plan, fail).run(decoded)
    const state = newExecution(executionId, plan, {})
    for (const { atMs, events } of decoded) for (const event of events) fold(state, event, atMs)
    if (row.endedAtMs === null) world.fail(`everythingEnds (${executionId} ${row.workflow})`)
    else if (executionStatus(state) !== row.status) world.fail('statusMatchesJournal')
    if (view !== null && hash(view.output) !== hash(state.output)) world.fail('toldWhatIsRecorded')
    if (view !== null && view.status !== row.status) world.fail('toldWhatIsRecorded')
  }
  const exempt = new Set(
    Array.from(accepted)
      .filter(([, one]) => one.isExempt)
      .map(([id]) => id),
  )
  for (const key of outside.doubled()) {
    if (!exempt.has(key.slice(0, key.indexOf('/')))) world.fail(`onceNotTwice (${key})`)
  }
  for (const { key, property } of outside.faults) {
    if (!exempt.has(key.slice(0, key.indexOf('/')))) world.fail(`${property} (${key})`)
  }
  const { timers, attempts, executions } = world.process.engine.held
  if (exempt.size === 0 && executions === 0 && timers + attempts > 0)
    world.fail('nothingIsLeftOver')
}

function hash(value: JsonValue): string {
  return hashJson(value)
}
