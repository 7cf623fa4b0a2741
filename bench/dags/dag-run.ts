import { systemClock } from '../../src/core/clock.ts'
import { type BaseAgent, defineAgent, defineWorkflow } from '../../src/index.ts'
import { withEngine } from '../bench-engine.ts'
import { criticalPathMs, type WfTask } from './wf-instance.ts'

/** One workflow as the bench prints it. */
export interface DagRow {
  readonly name: string
  readonly tasks: number
  readonly criticalPathMs: number
  /** From the call of the engine until it has told the end. */
  readonly makespanMs: number
  /** `makespanMs / criticalPathMs` */
  readonly makespanRatio: number
  /**
   * From the end of the last parent's call (the first tasks: from the start) to the call of the task's own agent,
   * the mean over all tasks: what the engine puts between two tasks, recording included.
   */
  readonly overheadMsPerTask: number
}

export interface DagRunOptions {
  readonly directory: string
  readonly name: string
  readonly tasks: readonly WfTask[]
}

/** When a task's agent was called, and when it answered. */
interface Span {
  readonly calledMs: number
  endedMs: number
}

/** Runs the tasks as one workflow on an engine over a new file; each is a step whose agent waits as long as the task ran. */
export async function runDag({ directory, name, tasks }: DagRunOptions): Promise<DagRow> {
  const spans = new Map<number, Span>()
  const agent = waitingAgent(tasks, spans)
  return withEngine({ directory, agent }, async ({ engine }) => {
    const workflow = workflowOf(tasks)
    const startedMs = systemClock.monotonicMs()
    const { status, error } = await engine.executeWorkflow(workflow.name, workflow)
    const makespanMs = systemClock.monotonicMs() - startedMs
    if (status !== 'completed') throw new Error(`${name} is ${status}: ${error?.message}`)
    const pathMs = criticalPathMs(tasks)
    return {
      name,
      tasks: tasks.length,
      criticalPathMs: rounded(pathMs),
      makespanMs: rounded(makespanMs),
      makespanRatio: rounded(makespanMs / pathMs),
      overheadMsPerTask: rounded(meanGapMs(tasks, spans, startedMs)),
    }
  })
}

/** The tasks' own ids may have any characters: a step is named by its place. */
function workflowOf(tasks: readonly WfTask[]): ReturnType<typeof defineWorkflow> {
  const placeOf = new Map(tasks.map(({ id }, place) => [id, place]))
  const steps = tasks.map(({ parents }, place) => [
    `task_${place}`,
    {
      agent: 'task',
      action: 'run',
      with: { place },
      needs: parents.map((parent) => `task_${placeOf.get(parent)}`),
    },
  ])
  return defineWorkflow({ name: 'dag', version: '1.0.0', steps: Object.fromEntries(steps) })
}

function waitingAgent(tasks: readonly WfTask[], spans: Map<number, Span>): BaseAgent {
  return defineAgent({
    type: 'task',
    description: 'Waits as long as a task ran',
    config: { resourceLimits: { maxConcurrent: tasks.length } },
    actions: {
      run: {
        effect: 'idempotent',
        run: async (input) => {
          const { place } = input as { readonly place: number }
          const span = { calledMs: systemClock.monotonicMs(), endedMs: Infinity }
          spans.set(place, span)
          await waited(tasks[place]?.runtimeMs ?? 0)
          span.endedMs = systemClock.monotonicMs()
          return null
        },
      },
    },
  })
}

/** Timers count whole milliseconds: one is rounded up, so that no task is shorter than it was. */
function waited(delayMs: number): Promise<void> {
  if (delayMs === 0) return Promise.resolve()
  return new Promise((resolve) => systemClock.after(Math.ceil(delayMs), resolve))
}

function meanGapMs(
  tasks: readonly WfTask[],
  spans: ReadonlyMap<number, Span>,
  startedMs: number,
): number {
  const spanOf = new Map(tasks.map(({ id }, place) => [id, spans.get(place)]))
  const gapsMs = tasks.map(({ id, parents }) => {
    const readyMs = parents.map((parent) => spanOf.get(parent)?.endedMs ?? Infinity)
    return (spanOf.get(id)?.calledMs ?? Infinity) - Math.max(startedMs, ...readyMs)
  })
  return gapsMs.reduce((sum, gapMs) => sum + gapMs, 0) / tasks.length
}

function rounded(value: number): number {
  return Number(value.toFixed(4))
}
