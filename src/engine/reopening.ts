import { entriesAt, type ExecutionState, forkOriginOf } from '../workflow/index.ts'
import type { Definition, Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
import type { Rollbacks } from './rollbacks.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import type { Steering } from './steering.ts'
import { discarding, executionOfLetter, redriving } from './verbs/dead-letters.ts'
import { checkFits, forkIdTaken } from './verbs/forking.ts'
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
    await this.#letter(id, (running) => {
      const stimulus = redriving(running.state, id)
      if (drives) running.isDriven = true
      this.#of.runner.stimulate(running, stimulus)
    })
  }

  /** @throws as `WorkflowEngine.discard` */
  async discard(id: string): Promise<void> {
    await this.#letter(id, (running) =>
      this.#of.runner.stimulate(running, discarding(running.state, id)),
    )
  }

  async #letter(id: string, work: (running: Running) => void): Promise<void> {
    const { executions, runner, steering } = this.#of
    steering.refuseWhenStalled()
    const running = executions.openEnded(executionOfLetter(id))
    await steering.holding(running, async () => {
      work(running)
      await runner.flushed(running)
    })
    // Discarding starts nothing: what was loaded for it alone is done with.
    if (running.state.phase === 'ended') runner.letGo(running)
  }
}

/** @throws UsageError */
function refuseTaken(executionId: string | undefined, executions: Executions): void {
  if (executionId === undefined || executions.known(executionId) === undefined) return
  throw forkIdTaken(executionId)
}

/** The same document calls what it called before, whatever was registered since. */
function samePins(definition: Definition, state: ExecutionState): boolean {
  return definition.plan === state.plan && Object.keys(state.pins).length > 0
}
