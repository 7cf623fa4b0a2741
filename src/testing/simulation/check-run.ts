import { messageOf } from '../../core/errors.ts'
import { jsonEqual } from '../../core/json.ts'
import type { RunView } from '../../engine/index.ts'
import { decodeRow, executionStatus, type ExecutionState } from '../../workflow/index.ts'
import { JournalCheck } from './check-journal.ts'
import type { SimulatedOutcome, SimulatedRun } from './simulated-run.ts'

/** Checks, when all is over, everything that must hold whatever happened, and the author's properties. */
export async function checkRun(run: SimulatedRun): Promise<readonly SimulatedOutcome[]> {
  const { world, outside } = run
  const outcomes: SimulatedOutcome[] = []
  for (const [executionId, state] of world.chronicle.states) checkRecord(run, executionId, state)
  for (const [executionId, asked] of run.asked) {
    const row = world.disk.store.find(executionId)
    if (row === undefined) {
      if (asked.isAcknowledged) run.fail('noAcceptedIsLost', executionId)
      run.fail('everythingEnds', executionId, 'its start was never accepted')
      continue
    }
    if (row.endedAtMs === null || row.isPruned || !world.isAlive) continue
    const view = await world.answer(world.engine.continueWorkflow(executionId))
    checkTold(run, asked.told, view)
    const calls = world.calls.filter((call) => call.executionId === executionId)
    const log = world.chronicle.log(executionId)
    outcomes.push({ executionId, input: asked.input, run: view, log, calls })
  }
  for (const key of outside.doubled()) run.fail('onceNotTwice', executionOf(key), key)
  for (const { key, property } of outside.faults) run.fail(property, executionOf(key), key)
  if (run.hasEnded && world.isAlive) {
    const { timers, attempts, executions } = world.engine.held
    if (executions === 0 && attempts + timers > 0) {
      const detail = `${timers} timers, ${attempts} attempts`
      run.fail('nothingIsLeftOver', null, detail)
    }
  }
  for (const outcome of outcomes) await checkProperties(run, outcome)
  return outcomes
}

function checkRecord(run: SimulatedRun, executionId: string, state: ExecutionState): void {
  const { store } = run.world.disk
  const row = store.find(executionId)
  if (row === undefined) return run.fail('noAcceptedIsLost', executionId)
  if (row.isPruned) return
  const rows = store
    .rows(row.execution)
    .map(({ seq, count, payload }) => ({ seq, count, ...decodeRow(payload) }))
  const fail = (property: string): void => run.fail(property, executionId)
  new JournalCheck(state.plan, fail).run(rows)
  if (row.endedAtMs === null)
    run.fail('everythingEnds', executionId, `it stays ${row.status}, with nobody to help`)
  else if (executionStatus(state) !== row.status) fail('statusMatchesJournal')
}

function checkTold(run: SimulatedRun, told: RunView | null, recorded: RunView): void {
  if (told === null) return
  if (told.status !== recorded.status || !jsonEqual(told.output, recorded.output))
    run.fail('toldWhatIsRecorded', recorded.executionId)
}

async function checkProperties(run: SimulatedRun, outcome: SimulatedOutcome): Promise<void> {
  for (const [name, holds] of Object.entries(run.parts.properties)) {
    try {
      if ((await holds(outcome)) !== false) continue
      run.fail(name, outcome.executionId, 'it gave false')
    } catch (thrown) {
      run.fail(name, outcome.executionId, messageOf(thrown))
    }
  }
}

function executionOf(key: string): string {
  return key.slice(0, key.indexOf('/'))
}
