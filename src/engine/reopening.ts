import { OrchestrationError } from '../core/errors.ts'
import { nearestOrAll } from '../core/nearest.ts'
import { entriesAt, type ExecutionState, forkOriginOf, type Plan } from '../workflow/index.ts'
import type { Definition, Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
import type { Rollbacks } from './rollbacks.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import type { Steering } from './steering.ts'
import type { ForkOptions } from './workflow-engine.ts'

export interface ReopeningParts {
  readonly parts: EmbeddedEngineParts
  readonly executions: Executions
  readonly definitions: Definitions
  readonly runner: Runner
  readonly steering: Steering
  readonly rollbacks: Rollbacks
}

/** Forks executions, and tries dead letters again or closes them. */
export class Reopening {
  readonly #of: ReopeningParts

  constructor(of: ReopeningParts) {
    this.#of = of
  }

  /** @throws as `WorkflowEngine.fork` */
  async fork(executionId: string, from: string, options: ForkOptions): Promise<string> {
    const { parts, executions, definitions, runner, rollbacks } = this.#of
    const row = executions.row(executionId)
    const source = runner.executions.get(executionId)
    const checkpoint =
      source === undefined
        ? rollbacks.checkpoint(executions.stateAt(row), from)
        : await rollbacks.durableCheckpoint(source, from)
    const state = executions.stateAt(row, checkpoint.seq)
    const origin = forkOriginOf(state, entriesAt(state, parts.clock.nowMs()))
    const definition =
      options.document === undefined
        ? executions.definitionOf(row)
        : definitions.ofData(options.document)
    checkFits(origin.steps, { from: state.plan, to: definition })
    refuseTaken(options.executionId, executions)
    const begun = executions.begin(definition, {
      input: state.input,
      ...(options.executionId === undefined ? {} : { executionId: options.executionId }),
      origin: {
        fork: definition.plan === state.plan ? origin : { ...origin, adaptations: [] },
        ...(samePins(definition, state) ? { pins: state.pins } : {}),
      },
      isDriven: parts.isRecordingOnly !== true,
    })
    if (begun.running !== null) {
      const { running } = begun
      await this.#of.steering.holding(running, () => runner.flushed(running))
    }
    return begun.row.executionId
  }

  /** @throws as `WorkflowEngine.redrive` */
  async redrive(id: string): Promise<void> {
    const drives = this.#of.parts.isRecordingOnly !== true
    await this.#letter(id, (running, undo) => {
      if (undo === null) {
        refuseHalfUndone(running)
        if (drives) running.isDriven = true
        return this.#of.runner.stimulate(running, { kind: 'redrive', token: null })
      }
      refuseOpen(running)
      if (drives) running.isDriven = true
      this.#of.runner.stimulate(running, { kind: 'redriveCompensation', undo })
    })
  }

  /** @throws as `WorkflowEngine.discard` */
  async discard(id: string): Promise<void> {
    await this.#letter(id, (running) =>
      this.#of.runner.stimulate(running, { kind: 'discard', deadLetterId: id }),
    )
  }

  async #letter(id: string, work: (running: Running, undo: number | null) => void): Promise<void> {
    const { executions, runner, steering } = this.#of
    steering.refuseWhenStalled()
    const running = executions.openEnded(this.#executionOf(id))
    await steering.holding(running, async () => {
      const letter = running.state.deadLetters.get(id)
      if (letter === undefined) throw this.#unknown(id, running.state)
      work(running, letter.undo)
      await runner.flushed(running)
    })
    // Discarding starts nothing: what was loaded for it alone is done with.
    if (running.state.phase === 'ended') runner.letGo(running)
  }

  /** Ids of failed compensations begin with that of their execution. */
  #executionOf(id: string): string {
    const end = id.indexOf('/')
    return end < 0 ? id : id.slice(0, end)
  }

  #unknown(id: string, { executionId, phase, result, deadLetters }: ExecutionState): Error {
    const others = Array.from(deadLetters.keys())
    const how = phase === 'ended' ? (result ?? 'failed') : 'open'
    return new OrchestrationError('NotFoundError', `there is no open dead letter '${id}'`, {
      hint:
        others.length > 0
          ? (nearestOrAll(id, others) ?? 'aura dlq ls')
          : `execution '${executionId}' is ${how} and has none`,
    })
  }
}

/** A fork is no repeat of whatever has its id. @throws UsageError */
function refuseTaken(executionId: string | undefined, executions: Executions): void {
  if (executionId === undefined || executions.known(executionId) === undefined) return
  throw new OrchestrationError('UsageError', `execution '${executionId}' exists`, {
    hint: 'use another id for the fork',
  })
}

type ForkedSteps = ReturnType<typeof forkOriginOf>['steps']

/** @throws RefusedError when the document does not have a settled step, or has one of another kind */
function checkFits(
  steps: ForkedSteps,
  { from, to }: { readonly from: Plan; readonly to: Definition },
): void {
  const misfits = steps.flatMap(({ step }) => {
    const before = kindIn(from, step)
    const after = kindIn(to.plan, step)
    return before === after
      ? []
      : [`${step} (${before}) ${after === null ? 'is missing' : `is now ${after}`}`]
  })
  if (misfits.length === 0) return
  throw new OrchestrationError(
    'RefusedError',
    `document '${to.document.name}@${to.document.version}' does not fit what is settled: ${misfits.join(', ')}`,
    { hint: 'keep the ids and kinds of settled steps, or fork from an earlier checkpoint' },
  )
}

function kindIn(plan: Plan, stepId: string): string | null {
  const number = plan.stepIndex.get(stepId)
  return number === undefined ? null : (plan.steps[number]?.work.kind ?? null)
}

/** The same document calls what it called before, whatever was registered since. */
function samePins(definition: Definition, state: ExecutionState): boolean {
  return definition.plan === state.plan && Object.keys(state.pins).length > 0
}

function refuseOpen({ state }: Running): void {
  if (state.phase === 'ended') return
  throw new OrchestrationError(
    'RefusedError',
    `execution '${state.executionId}' has not ended: its failed compensation is tried again after that`,
    { retryable: true },
  )
}

/**
 * A step of which a part was undone can neither be left nor run anew: the part that was not undone would
 * happen twice.
 *
 * @throws RefusedError
 */
function refuseHalfUndone({ state }: Running): void {
  const halves = state.steps.filter(({ undoneCount, undoCount, plan }) => {
    if (undoneCount === 0 || undoneCount === undoCount) return false
    return Array.from(state.deadLetters.values()).some(
      ({ stepId, undo }) => stepId === plan.id && undo !== null,
    )
  })
  if (halves.length === 0) return
  const ids = halves.map(({ plan }) => plan.id).join(', ')
  throw new OrchestrationError(
    'RefusedError',
    `only a part of ${ids} in '${state.executionId}' was undone: run anew, the rest would happen twice`,
    { hint: 'redrive or discard the dead letters of its compensations first (aura dlq ls)' },
  )
}
