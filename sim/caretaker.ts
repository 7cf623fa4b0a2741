import type { ExecutionRecord } from './records.ts'
import type { World } from './world.ts'

/** Brings everything that only a person can bring: resumes, signals, the truth about calls, and what was refused. */
export function lookAfter(world: World): void {
  const { engine } = world.process
  const { records, clients, disk } = world
  for (const executionId of clients.asked.keys()) {
    const record = records.byId.get(executionId)
    if (record === undefined) clients.submit(executionId)
  }
  clients.sendAgain(false)
  world.semanticClients.sendAgain(false)
  // Also those that nothing is promised for: others wait for what they hold.
  for (const record of records.byId.values()) {
    if (!record.isOpen) continue
    const { executionId } = record.row
    const status = disk.store.find(executionId)?.status
    if (status === 'paused') forget(engine.resumeWorkflow(executionId))
    if (status !== 'waiting') continue
    // What is known of it may be what a power cut has taken from the disk.
    if (record.isExempt) forget(engine.cancelWorkflow(executionId))
    else help(world, record)
  }
}

/** Ends what only somebody from outside can end, in one execution. */
export function help(world: World, { row, model }: ExecutionRecord): void {
  const { engine } = world.process
  for (const { plan, calls } of model.steps.steps.values()) {
    for (const call of calls.values()) {
      if (!call.isOpen) continue
      if (call.signal === 'go') forget(engine.signal(row.executionId, 'go', null))
      if (plan.work.kind !== 'workflow' && (call.effect === 'once' || call.isUncertain)) {
        const key = model.steps.keyOf(model.steps.step(plan.id), call)
        resolve(world, { executionId: row.executionId, label: call.label, key })
      }
    }
  }
}

interface Uncertain {
  readonly executionId: string
  readonly label: string
  readonly key: string
}

/** Looks outside what really happened, and says so; a call that is not uncertain refuses it. */
function resolve(world: World, { executionId, label, key }: Uncertain): void {
  const { engine } = world.process
  const record = world.outside.keys.get(key)
  const happened = record !== undefined && record.effects > 0
  const roll = world.random()
  if (happened) {
    forget(engine.resolve(executionId, label, { kind: 'succeed', output: record.output }))
  } else forget(engine.resolve(executionId, label, { kind: roll < 0.6 ? 'retry' : 'fail' }))
}

/** Whoever steers a process that dies hears nothing; a refusal is an answer like any other. */
export function forget(answer: Promise<unknown>): void {
  answer.catch(() => {})
}
