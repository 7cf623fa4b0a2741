import type { AdaptationRequest } from '../src/engine/index.ts'
import { forget } from './caretaker.ts'
import type { ExecutionRecord } from './records.ts'
import type { World } from './world.ts'

const because = 'somebody adapts it'

/** Somebody changes a running execution, asks for the same twice, or takes it back. Much of it is refused. */
export function adapt(world: World, { row, plan, model }: ExecutionRecord): void {
  const { engine } = world.process
  const { executionId } = row
  const made = model.events.flatMap(({ event }) =>
    event.kind === 'ExecutionAdapted' ? [event.id] : [],
  )
  const before = world.pick(made)
  if (before !== undefined && world.random() < 0.4)
    return forget(engine.revertAdaptation(executionId, before, because))
  const left = plan.steps.filter(({ id }) => model.steps.step(id).decided === 0)
  const step = (world.pick(left) ?? world.pick(plan.steps))?.id ?? 'a'
  const id = before !== undefined && world.random() < 0.2 ? before : `a${made.length}`
  const change = world.pick<Omit<AdaptationRequest, 'because'>>([
    { step, agent: 'reader' },
    { step, approval: 'go' },
    { step, approval: 'go' },
    { step, pattern: 'fanOut' },
    { pattern: 'pipeline' },
    { maxParallel: 1 },
    { maxParallel: 3 },
    { pause: true },
  ])
  forget(engine.adapt(executionId, { ...change, id, because }))
}
