import assert from 'node:assert/strict'
import type { BaseAgent } from '../agents/index.ts'
import type { FlagProvider } from '../core/contracts/flags.ts'
import type { MeshPort } from '../core/contracts/mesh.ts'
import type { PolicySource } from '../core/contracts/policy.ts'
import type { TdaContextSource } from '../core/contracts/tda.ts'
import {
  type ErrorCode,
  isOrchestrationError,
  messageOf,
  type OrchestrationError,
} from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { ExecuteOptions, RunView, ShowView, WorkflowEngine } from '../engine/index.ts'
import type { StepData, WorkflowData, WorkflowStep } from '../workflow/index.ts'
import { ScriptedAgents } from './scripted-agents.ts'

/** A process with an engine under test, as far as a suite may touch it. */
export interface EngineHarness {
  /** The engine of the present life. */
  readonly engine: WorkflowEngine
  /** Wall time. */
  nowMs(): number
  /** Time moves only here: everything due within `ms` happens before it resolves; 0 lets the present turn end. */
  advance(ms: number): Promise<void>
  /**
   * kill -9 and a new process over the same record, which takes up everything that is open; `downMs`
   * passes in between (default 0). `isRecovering: false` leaves what is open alone.
   */
  restart(options?: RestartOptions): Promise<void>
  /** What the engine still holds, by name: timers, attempts, places of pools… Absent: the adapter cannot tell. */
  held?(): Readonly<Record<string, number>>
  close(): Promise<void>
}

export interface RestartOptions {
  readonly downMs?: number
  readonly agents?: () => readonly BaseAgent[]
  readonly isRecovering?: boolean
}

export interface HarnessOptions {
  /** Called once for each life of the process. */
  readonly agents: () => readonly BaseAgent[]
  /** Absent: every flag is on. */
  readonly flags?: FlagProvider
  /** Absent: every TDA context is unavailable. */
  readonly tda?: TdaContextSource
  /** Absent: nobody decides by policy. */
  readonly policies?: PolicySource
  /** Where what executions publish goes. Absent: nowhere. */
  readonly mesh?: MeshPort
}

export type OpenHarness = (options: HarnessOptions) => Promise<EngineHarness>

type Work = WorkflowData | readonly WorkflowStep[]

/** What one check of a suite works with: an engine, its agents, and time. */
export class EngineStage {
  readonly script = new ScriptedAgents()
  readonly #open: OpenHarness
  #harness: EngineHarness | null = null

  constructor(open: OpenHarness) {
    this.#open = open
  }

  get harness(): EngineHarness {
    assert.ok(this.#harness, 'the stage is not open')
    return this.#harness
  }

  get engine(): WorkflowEngine {
    return this.harness.engine
  }

  async open(around: Omit<HarnessOptions, 'agents'> = {}): Promise<void> {
    const agents = (): readonly BaseAgent[] => this.script.agents()
    this.#harness = await this.#open({ agents, ...around })
  }

  /** Opens it anew with other surroundings. */
  async reopen(around: Omit<HarnessOptions, 'agents'>): Promise<void> {
    await this.close()
    await this.open(around)
  }

  async close(): Promise<void> {
    await this.#harness?.close()
    this.#harness = null
  }

  /** Starts and lets everything happen that needs no time. Gives the id. */
  async begin(work: Work, options: ExecuteOptions = {}): Promise<string> {
    return this.now(this.engine.startWorkflow(nameOf(work), work, options))
  }

  /** Starts, lets `ms` pass (default: none) and gives the run, which must have ended by then. */
  async finish(
    work: Work,
    options: ExecuteOptions & { readonly forMs?: number } = {},
  ): Promise<RunView> {
    const { forMs = 0, ...rest } = options
    const ending = this.engine.executeWorkflow(nameOf(work), work, rest)
    return this.#ended(ending, forMs)
  }

  /** Lets `ms` pass and gives the run of an execution, which must have ended by then. */
  async ended(executionId: string, forMs = 0): Promise<RunView> {
    return this.#ended(this.engine.continueWorkflow(executionId), forMs)
  }

  /** A verb's answer, once the present turn is over. */
  async now<T>(answer: Promise<T>): Promise<T> {
    answer.catch(() => {}) // looked at below, after the turn
    await this.harness.advance(0)
    return answer
  }

  async status(executionId: string): Promise<string> {
    return (await this.show(executionId)).status
  }

  async show(executionId: string): Promise<ShowView> {
    return this.now(this.engine.getExecution(executionId))
  }

  /** Asserts that the answer is a refusal with that code, and gives it. */
  async refused(answer: Promise<unknown>, code: ErrorCode): Promise<OrchestrationError> {
    const outcome = await this.now(
      answer.then(
        (value) => ({ value, error: null }),
        (error: unknown) => ({ value: null, error }),
      ),
    )
    const { error } = outcome
    assert.ok(error !== null, `expected ${code}, got ${JSON.stringify(outcome.value)}`)
    assert.ok(isOrchestrationError(error), `expected ${code}, got ${messageOf(error)}`)
    assert.equal(error.code, code, error.message)
    return error
  }

  /** Asserts that the engine holds nothing any more. */
  releasedAll(): void {
    const kept = Object.entries(this.harness.held?.() ?? {}).filter(([, count]) => count !== 0)
    assert.deepEqual(kept, [], 'something is still held')
  }

  async #ended(ending: Promise<RunView>, forMs: number): Promise<RunView> {
    let outcome: { readonly run: RunView } | { readonly error: unknown } | null = null
    ending.then(
      (run) => {
        outcome = { run }
      },
      (error: unknown) => {
        outcome = { error }
      },
    )
    await this.harness.advance(forMs)
    assert.ok(outcome !== null, `it has not ended within ${forMs} ms`)
    return ending
  }
}

function nameOf(work: Work): string {
  return Array.isArray(work) ? 'probe' : (work as WorkflowData).name
}

/** A document with these steps and whatever else is said. */
export function probe(
  steps: { readonly [stepId: string]: StepData },
  rest: Partial<Omit<WorkflowData, 'steps'>> = {},
): WorkflowData {
  return { name: 'probe', version: '1.0.0', ...rest, steps }
}

/** A step that calls `worker`. */
export function call(action: string, rest: JsonObject = {}): StepData {
  return { agent: 'worker', action, ...rest }
}

/** One behaviour that every engine has; `run` rejects when this one has it not. */
export interface EngineCase {
  readonly name: string
  /** Why the adapter says that its engine has it not; null: it has. */
  readonly gap: string | null
  run(): Promise<void>
}

/** A behaviour as the suites write it. */
export type EngineCheck = (stage: EngineStage) => Promise<void>
export type EngineChecks = Readonly<Record<string, EngineCheck>>
