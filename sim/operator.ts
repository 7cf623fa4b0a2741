import type { World } from './world.ts'

/** Somebody steers an execution, or looks after what is stuck. */
export function operate(world: World): void {
  if (world.isQuiet) return lookAfter(world)
  const id = world.pick(Array.from(world.accepted.keys()))
  if (id === undefined) return
  const { engine } = world.process
  const roll = world.random()
  if (roll < 0.3) forget(engine.pauseWorkflow(id))
  else if (roll < 0.5) forget(engine.resumeWorkflow(id))
  else if (roll < 0.6) forget(engine.cancelWorkflow(id))
  else if (roll < 0.8) forget(engine.signal(id, 'go', { by: 'operator' }))
  else resolveUncertain(world, id)
}

/** Brings everything that only a person can bring: resumes, signals, resolutions, and starts that were refused. */
function lookAfter(world: World): void {
  const { engine } = world.process
  for (const [id, accepted] of world.accepted) {
    if (accepted.isExempt) continue
    const row = world.disk.store.find(id)
    if (row === undefined) world.submit(id)
    else if (row.endedAtMs === null) {
      forget(engine.resumeWorkflow(id))
      if (row.workflow === 'waits' || row.workflow === 'suspends')
        forget(engine.signal(id, 'go', null))
      if (row.status === 'waiting') resolveUncertain(world, id)
    }
  }
}

/** Looks outside what really happened, and says so. */
function resolveUncertain(world: World, executionId: string): void {
  const { engine } = world.process
  forget(
    engine.getExecution(executionId).then(async (view) => {
      for (const [stepId, step] of Object.entries(view.steps)) {
        const labels =
          step.items === null
            ? [stepId]
            : step.items
                .filter((item) => item.status === 'uncertain')
                .map((item) => `${stepId}[${item.index}]`)
        if (step.status !== 'uncertain') continue
        for (const label of labels) {
          const prefix = `${executionId}/${label}/1`
          const record = Array.from(world.outside.keys).findLast(
            ([key]) => key === prefix || key.startsWith(`${prefix}/`),
          )?.[1]
          const happened = record !== undefined && record.effects > 0
          const roll = world.random()
          if (happened)
            await engine.resolve(executionId, label, { kind: 'succeed', output: record.output })
          else await engine.resolve(executionId, label, { kind: roll < 0.6 ? 'retry' : 'fail' })
        }
      }
    }),
  )
}

/** Whoever steers a process that dies hears nothing; a refusal is an answer like any other. */
function forget(answer: Promise<unknown>): void {
  answer.catch(() => {})
}
