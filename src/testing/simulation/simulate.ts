import { OrchestrationError } from '../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { seededRandom } from '../../core/random.ts'
import type { WorkflowData } from '../../workflow/index.ts'
import type { TestAgents } from '../agent-script.ts'
import { flagsOf, tdaOf, type TestWorkflowOptions } from '../test-workflow.ts'
import { calledAgents, type TestedDocument, testedDocument } from '../tested-document.ts'
import type { FiredFault } from './fault-injector.ts'
import {
  atFirstDelivery,
  type FaultName,
  faultNames,
  type PlannedFault,
  randomFaults,
  type RunSize,
} from './fault-plan.ts'
import { shrink } from './shrink.ts'
import {
  type Properties,
  type SimulatedResult,
  SimulatedRun,
  type SimulationParts,
} from './simulated-run.ts'

/** What a simulation runs; everything has a default. */
export interface SimulationSubject {
  /** Default: every agent gives its input back, under the effect `idempotent`. A function makes them anew for each run. */
  readonly agents?: TestAgents
  /** Of all executions, or of the nth, counted from 0. */
  readonly input?: JsonObject | ((number: number) => JsonObject)
  /** What is sent to who waits for a signal, by name; null is sent for other names. */
  readonly signals?: Readonly<Record<string, JsonValue>>
  /** Documents that sub-workflow steps may find. */
  readonly workflows?: readonly WorkflowData[]
  readonly flags?: TestWorkflowOptions['flags']
  /** Made anew for each run where it is a function. */
  readonly tda?: TestWorkflowOptions['tda'] | (() => TestWorkflowOptions['tda'])
  /** What must be true of each execution that has ended: false or a throw says that it is not. */
  readonly properties?: Properties
}

export interface SimulateOptions extends SimulationSubject {
  /** How many seeds are tried. */
  readonly seeds: number
  /** The first of them. Default 1. */
  readonly seed?: number
  /** What may go wrong. Default everything; `[]`: nothing. */
  readonly faults?: readonly FaultName[]
  /** Executions at the same time in each seed. Default 2. */
  readonly executions?: number
}

/** A seed in which a property did not hold. */
export interface SimulationFailure {
  readonly seed: number
  readonly property: string
  /** Null when it is not one execution's. */
  readonly executionId: string | null
  readonly detail: string
  /** What went wrong in this seed. */
  readonly faults: readonly FiredFault[]
  /** The fewest of them with which it still fails; null when it was not tried, for the property was shrunk in an earlier seed. */
  readonly minimal: readonly FiredFault[] | null
  /** What happened, one line an event: of the minimal run where there is one. */
  readonly story: string
}

export interface SimulationReport {
  readonly seeds: number
  /** Seeds in which something did not hold. */
  readonly failed: number
  readonly failures: readonly SimulationFailure[]
}

/**
 * Runs a workflow again and again on the real engine, in virtual time, each time with other faults: a seed
 * decides everything, and the same seed always does the same as long as the agents do. Whoever waits for a
 * signal gets one, and calls whose outcome nobody knows are resolved by what really happened.
 *
 * Always checked: nothing accepted is lost (`noAcceptedIsLost`, `acceptedIsDurable`), a `once` action never
 * succeeds twice under one key (`onceNotTwice`) and is not repeated blindly (`onceNotBlindly`), no result is
 * recorded twice (`resultRecordedOnce`), compensation runs in reverse order (`compensationOrder`,
 * `everySuccessUndone`), the journal has no gap (`journalGapless`), a key means one call with one input
 * (`keyMeansOneCall`, `inputStaysTheSame`), a caller is told what is recorded (`toldWhatIsRecorded`), and
 * everything comes to an end (`everythingEnds`, `nothingIsLeftOver`), and nothing
 * throws where nothing may (`nothingThrows`).
 *
 * @throws DocumentError, InputError, UsageError when an agent is missing or a signal's data is refused
 * @example
 * import assert from 'node:assert/strict'
 * import { simulate } from 'aura-orchestration/testing'
 *
 * const report = await simulate(
 *   {
 *     name: 'pay',
 *     version: '1.0.0',
 *     steps: { charge: { agent: 'bank', action: 'charge', with: { amount: 5 } } },
 *   },
 *   {
 *     seeds: 20,
 *     agents: { bank: { charge: { effect: 'once', run: () => ({ paid: true }) } } },
 *     properties: { isPaid: ({ run }) => run.status === 'completed' },
 *   },
 * )
 * assert.deepEqual(report.failures, [])
 */
export async function simulate(
  doc: TestedDocument,
  options: SimulateOptions,
): Promise<SimulationReport> {
  const { seeds, seed: first = 1, faults: names = faultNames, executions = 2 } = options
  checkCount(seeds, 'seeds')
  checkCount(executions, 'executions')
  const parts = simulationParts(doc, options, executions)
  const size = await cleanSize(parts)
  const failures: SimulationFailure[] = []
  const shrunk = new Set<string>()
  let failed = 0
  for (let seed = first; seed < first + seeds; seed++) {
    // The faults and the rest of the run draw from sources of their own.
    const plan = randomFaults(names, seededRandom(seed * 2_654_435_761), size)
    const result = await new SimulatedRun(parts, seed, plan).run()
    if (result.broken.length === 0) continue
    failed++
    for (const { property, executionId, detail } of result.broken) {
      const { fired, story } = result
      const failure = { seed, property, executionId, detail, faults: fired }
      if (shrunk.has(property)) {
        failures.push({ ...failure, minimal: null, story })
        continue
      }
      shrunk.add(property)
      const least = await minimalRun({ parts, seed, result, property })
      failures.push({ ...failure, minimal: least.fired, story: least.story })
    }
  }
  return { seeds, failed, failures }
}

/** What is run, with every default filled in. @throws DocumentError */
export function simulationParts(
  doc: TestedDocument,
  subject: SimulationSubject,
  executions: number,
): SimulationParts {
  const document = testedDocument(doc)
  const { agents, input = {}, signals = {}, workflows = [], flags, tda, properties = {} } = subject
  return {
    document,
    workflows,
    agents: agents ?? echoes([document, ...workflows.map(testedDocument)]),
    input: typeof input === 'function' ? input : () => input,
    executions,
    signals,
    flags: flagsOf(flags),
    tda: () => tdaOf(typeof tda === 'function' ? tda() : tda),
    properties,
    plans: new Map(),
  }
}

/** How much a run does in which nothing goes wrong. */
async function cleanSize(parts: SimulationParts): Promise<RunSize> {
  const { commits, calls } = await new SimulatedRun({ ...parts, properties: {} }, 0, []).run()
  return { commits, calls }
}

/** The run of the same seed that still breaks the property with the fewest faults. */
async function minimalRun(failing: {
  readonly parts: SimulationParts
  readonly seed: number
  readonly result: SimulatedResult
  readonly property: string
}): Promise<SimulatedResult> {
  const { parts, seed, property } = failing
  let least = failing.result
  const fails = async (faults: readonly PlannedFault[]): Promise<boolean> => {
    const result = await new SimulatedRun(parts, seed, faults).run()
    const isBroken = result.broken.some((broken) => broken.property === property)
    if (isBroken) least = result
    return isBroken
  }
  const left = await shrink(failing.result.happened, fails)
  if (left.length < 2) return least
  // A fault of a second delivery needs another fault that makes one; at the first it may do alone.
  for (const fault of left) {
    if ('call' in fault && (await fails([atFirstDelivery(fault)]))) break
  }
  return least
}

/** Agents for every call of the documents. */
function echoes(documents: readonly SimulationParts['document'][]): TestAgents {
  const agents: Record<string, Record<string, (input: JsonObject) => JsonValue>> = {}
  for (const { agent, action } of documents.flatMap(calledAgents)) {
    agents[agent] = { ...agents[agent], [action]: (input) => input }
  }
  return agents
}

function checkCount(count: number, name: string): void {
  if (Number.isInteger(count) && count >= 1) return
  throw new OrchestrationError('UsageError', `${name} is ${count}, not a whole number from 1 on`)
}
