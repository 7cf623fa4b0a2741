import { assertNever } from '../core/assert.ts'
import { messageOf, OrchestrationError } from '../core/errors.ts'
import type { RunView } from '../engine/index.ts'
import {
  type FaultName,
  faultNames,
  faultText,
  type PlannedFault,
  type RunSize,
} from './simulation/fault-plan.ts'
import { type SimulationSubject, simulationParts } from './simulation/simulate.ts'
import { SimulatedRun, type SimulationParts } from './simulation/simulated-run.ts'
import type { TestedDocument } from './tested-document.ts'

export interface ResilienceOptions extends SimulationSubject {
  /** What goes wrong, one thing at a time. Default everything. */
  readonly faults?: readonly FaultName[]
  /** What a run must give in spite of its fault: false or a throw says that it does not. Default: the status of a run without faults. */
  readonly expect?: (run: RunView) => boolean | void
  /** Runs for each fault; over it they are spread evenly. Default 2,000. */
  readonly runsPerFaultMax?: number
}

/** How a workflow stands one kind of fault. */
export interface FaultReport {
  readonly fault: FaultName
  readonly passed: boolean
  /** Runs in which the fault happened, each at another place. */
  readonly executions: number
  /** Every place was tried. */
  readonly isExhaustive: boolean
  /** What failed where, at most 20. */
  readonly details: readonly string[]
}

export interface ResilienceReport {
  readonly passed: boolean
  /** The run without faults. */
  readonly clean: RunView
  readonly faults: readonly FaultReport[]
}

const detailsMax = 20
const clockJumpMs = 3_600_000
const diskFullMs = 5_000

/** One run for each place at which each fault can happen in a run of the workflow. */
export async function testResilience(
  doc: TestedDocument,
  options: ResilienceOptions = {},
): Promise<ResilienceReport> {
  const { faults: names = faultNames, runsPerFaultMax = 2_000 } = options
  const parts = simulationParts(doc, options, 1)
  const { clean, size } = await cleanRun(parts)
  const expect = options.expect ?? ((run) => run.status === clean.status)
  const faults: FaultReport[] = []
  for (const fault of names) {
    const places = placesOf(fault, size)
    faults.push(await tryPlaces(fault, spread(places, runsPerFaultMax), { parts, expect, places }))
  }
  return { passed: faults.every(({ passed }) => passed), clean, faults }
}

async function cleanRun(
  parts: SimulationParts,
): Promise<{ readonly clean: RunView; readonly size: RunSize }> {
  const { outcomes, broken, commits, calls } = await new SimulatedRun(parts, 0, []).run()
  const clean = outcomes[0]?.run
  if (clean !== undefined && broken.length === 0) return { clean, size: { commits, calls } }
  const found = broken.map(({ property, detail }) => `${property} ${detail}`).join('; ')
  throw new OrchestrationError('UsageError', `it fails without any fault: ${found}`)
}

async function tryPlaces(
  fault: FaultName,
  places: readonly PlannedFault[],
  how: {
    readonly parts: SimulationParts
    readonly expect: (run: RunView) => boolean | void
    readonly places: readonly PlannedFault[]
  },
): Promise<FaultReport> {
  const details: string[] = []
  let executions = 0
  let failed = 0
  for (const place of places) {
    const { happened, broken, outcomes } = await new SimulatedRun(how.parts, 0, [place]).run()
    const named = happened[0]
    if (named === undefined) continue // e.g. a call without a limit cannot hang
    executions++
    const wrong = broken.map(({ property, detail }) => `${property} ${detail}`.trim())
    for (const { run } of outcomes) {
      const complaint = complaintOf(how.expect, run)
      if (complaint !== null) wrong.push(complaint)
    }
    if (wrong.length === 0) continue
    failed++
    if (details.length < detailsMax) details.push(`${faultText(named)}: ${wrong.join('; ')}`)
  }
  const isExhaustive = places.length === how.places.length
  return { fault, passed: failed === 0, executions, isExhaustive, details }
}

function complaintOf(expect: (run: RunView) => boolean | void, run: RunView): string | null {
  try {
    if (expect(run) !== false) return null
  } catch (thrown) {
    return messageOf(thrown)
  }
  const because = run.error === null ? '' : `: ${run.error.code}: ${run.error.message}`
  return `it ends ${run.status}${because}`
}

function placesOf(fault: FaultName, { commits, calls }: RunSize): readonly PlannedFault[] {
  const commit = Array.from({ length: commits }, (_, place) => place + 1)
  const call = Array.from({ length: calls }, (_, place) => place + 1)
  const effect = [false, true]
  switch (fault) {
    case 'crash':
      return [
        ...each(commit, ['before', 'after', 'between'] as const, (commit, point) => ({
          fault,
          commit,
          point,
        })),
        ...each(call, ['beforeRun', 'afterRun'] as const, (call, point) => ({
          fault,
          call,
          point,
        })),
      ]
    case 'agentFailure':
    case 'agentHang':
      return each(call, effect, (call, isAfterEffect) => ({ fault, call, isAfterEffect }))
    case 'slow':
      return each(call, [0.5, 1.5], (call, share) => ({ fault, call, share }))
    case 'duplicateDelivery':
      return call.map((call) => ({ fault, call }))
    case 'clockJump':
      return each(commit, [-clockJumpMs, clockJumpMs], (commit, byMs) => ({ fault, commit, byMs }))
    case 'diskFull':
      return commit.map((commit) => ({ fault, commit, forMs: diskFullMs }))
    default:
      return assertNever(fault, 'fault')
  }
}

function each<T>(
  numbers: readonly number[],
  variants: readonly T[],
  make: (number: number, variant: T) => PlannedFault,
): readonly PlannedFault[] {
  return numbers.flatMap((number) => variants.map((variant) => make(number, variant)))
}

/** At most `max` of the items, evenly spread. */
function spread<T>(items: readonly T[], max: number): readonly T[] {
  if (items.length <= max) return items
  return Array.from({ length: max }, (_, n) => items[Math.floor((n * items.length) / max)] as T)
}
