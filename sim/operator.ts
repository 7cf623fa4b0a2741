import { adapt } from './adapting.ts'
import { forget, help } from './caretaker.ts'
import type { ExecutionRecord } from './records.ts'
import type { World } from './world.ts'

type Verb = (world: World, record: ExecutionRecord) => void

/** What an operator does, and how often. */
const verbs: readonly (readonly [weight: number, verb: Verb])[] = [
  [5, (world, { row }) => forget(world.process.engine.pauseWorkflow(row.executionId))],
  [3, (world, { row }) => forget(world.process.engine.resumeWorkflow(row.executionId))],
  [2, (world, { row }) => forget(world.process.engine.cancelWorkflow(row.executionId))],
  [3, (world, { row }) => forget(world.process.engine.signal(row.executionId, 'go', { by: 'op' }))],
  [3, help],
  [9, rollBack],
  [5, fork],
  [6, write],
  [1, (world, { row }) => forget(world.process.engine.deleteState(row.executionId, 'cas'))],
  [3, checkpoint],
  [16, adapt],
  [8, deadLetter],
  [1, (world) => world.prune()],
  [1, (world) => world.clients.sendAgain(true)],
]
const total = verbs.reduce((sum, [weight]) => sum + weight, 0)

/** Somebody steers an execution: an open one, a failed one or any. */
export function operate(world: World): void {
  const record = someRecord(world)
  if (record === undefined || world.process.isDead) return
  let roll = world.random() * total
  for (const [weight, verb] of verbs) {
    roll -= weight
    if (roll < 0) return verb(world, record)
  }
}

function someRecord(world: World): ExecutionRecord | undefined {
  // Verbs meet most in the same execution.
  if (world.steered !== undefined && world.random() < 0.4) return world.steered
  const all = Array.from(world.records.byId.values())
  const one = world.pick(all)
  // Most verbs want one that goes on.
  world.steered = one?.isOpen === false && world.random() < 0.5 ? world.pick(all) : one
  return world.steered
}

/** Somebody looks once more at what has failed, when nothing else goes wrong any more. */
export function operateLate(world: World): void {
  const record = someRecord(world)
  if (record === undefined || world.process.isDead) return
  const verb = world.pick([rollBack, deadLetter, deadLetter, fork, write]) as Verb
  verb(world, record)
}

function rollBack(world: World, record: ExecutionRecord): void {
  const { executionId } = record.row
  const options = { acceptEffects: world.random() < 0.6 }
  forget(world.process.engine.rollback(executionId, place(world, record), options))
}

function fork(world: World, record: ExecutionRecord): void {
  const { executionId } = record.row
  world.clients.fork({ executionId, checkpoint: place(world, record) }, world.newId())
}

/** A checkpoint as people name it. */
function place(world: World, { row, plan, model }: ExecutionRecord): string {
  const roll = world.random()
  if (roll < 0.15) return 'start'
  if (roll < 0.35) return 'lastCheckpoint'
  if (roll < 0.45) return 'lastHealthy'
  if (roll < 0.55) return 'label'
  const taken = Array.from(model.checkpoints).at(-1)
  if (roll < 0.65 && taken !== undefined) return `${row.executionId}/@${taken}`
  return world.pick(plan.steps)?.id ?? 'start'
}

function write(world: World, { row, model }: ExecutionRecord): void {
  const version = model.state.at('cas', world.time.wallMs)?.version ?? 0
  const roll = world.random()
  const expected = roll < 0.3 ? null : roll < 0.7 ? version : Math.max(0, version - 1)
  world.clients.write(row.executionId, world.nextNumber(), expected)
}

function checkpoint(world: World, { row }: ExecutionRecord): void {
  const label = world.random() < 0.5 ? 'label' : undefined
  forget(world.process.engine.checkpoint(row.executionId, label))
}

function deadLetter(world: World): void {
  const all = world.disk.store.deadLetters({})
  // Those of compensations are few.
  const undone = world.random() < 0.5 ? all.filter(({ id }) => id.includes('/')) : []
  const letter = world.pick(undone.length > 0 ? undone : all)
  if (letter === undefined) return
  world.steered = world.record(letter.executionId)
  const { engine } = world.process
  if (world.random() < 0.75) forget(engine.redrive(letter.id))
  else forget(engine.discard(letter.id))
}
