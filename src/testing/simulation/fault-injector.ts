import type { AgentCall } from '../../agents/index.ts'
import { assertNever } from '../../core/assert.ts'
import type { ErrorJson } from '../../core/errors.ts'
import { seededRandom } from '../../core/random.ts'
import { type DeliveryPlan, faultless } from '../delivery.ts'
import type { TestWorld } from '../test-world.ts'
import type { AppendFate, Batch } from './disk.ts'
import { type FaultName, faultText, type PlannedFault } from './fault-plan.ts'

/** A fault that happened. */
export interface FiredFault {
  /** Virtual time since the beginning. */
  readonly atMs: number
  readonly fault: FaultName
  /** What happened, as a sentence. */
  readonly what: string
}

type CommitFault = Extract<PlannedFault, { readonly commit: number | string }>
type CallFault = Extract<PlannedFault, { readonly call: number | string }>

/** Delays of calls are multiples of this, so that some of them end together. */
const latencyGridMs = 10

/** Counts commits and deliveries, and lets the planned faults happen at theirs. */
export class FaultInjector {
  readonly fired: FiredFault[] = []
  /** The planned faults that have happened, by name. */
  readonly happened: PlannedFault[] = []
  readonly #done = new Set<PlannedFault>()
  readonly #deliveries = new Map<string, number>()
  commits = 0
  calls = 0
  /** The world it happens in; nothing happens and nothing counts before it is set. */
  world: TestWorld | null = null
  readonly #seed: number
  readonly #atCommit: readonly CommitFault[]
  readonly #atCall: readonly CallFault[]
  #fullUntilMs = -1

  constructor(faults: readonly PlannedFault[], seed: number) {
    this.#seed = seed
    this.#atCommit = faults.filter((fault) => 'commit' in fault)
    this.#atCall = faults.filter((fault) => 'call' in fault)
  }

  /** What the next append meets. */
  readonly fate = (batch: Batch): AppendFate => {
    const { world } = this
    if (world === null) return 'commit'
    if (world.time.monotonicMs < this.#fullUntilMs) return 'full'
    const number = ++this.commits
    const first = batch.rows[0]
    const name = first === undefined ? '' : `${first.execution}#${first.seq}`
    let fate: AppendFate = 'commit'
    for (const fault of this.#atCommit) {
      if ((fault.commit !== number && fault.commit !== name) || this.#done.has(fault)) continue
      this.#happens(fault, { ...fault, commit: name })
      if (fault.fault === 'clockJump') world.time.setWall(world.time.wallMs + fault.byMs)
      else if (fault.fault === 'diskFull') {
        this.#fullUntilMs = world.time.monotonicMs + fault.forMs
        fate = 'full'
      } else if (fault.point === 'between') world.clock.after(1, () => world.crash())
      else if (fate === 'commit') fate = fault.point === 'before' ? 'crashBefore' : 'crashAfter'
    }
    // The batch comes again under the same number.
    if (fate === 'full') this.commits--
    return fate
  }

  /** What becomes of the next delivery. */
  readonly plan = (call: AgentCall): DeliveryPlan => {
    const number = ++this.calls
    const count = (this.#deliveries.get(call.idempotencyKey) ?? 0) + 1
    this.#deliveries.set(call.idempotencyKey, count)
    const name = `${call.idempotencyKey}#${count}`
    const usual = this.#usual(name)
    const fault = this.#atCall.find(({ call: at }) => at === number || at === name)
    // Without a limit a call that hangs would hang for ever, which no engine can help.
    const isEndless = call.timeoutMs === null
    if (fault === undefined) return usual
    if (isEndless && (fault.fault === 'agentHang' || fault.fault === 'slow')) return usual
    this.#happens(fault, { ...fault, call: name })
    switch (fault.fault) {
      case 'crash':
        return { ...usual, crash: fault.point }
      case 'agentFailure':
        return fault.isAfterEffect
          ? { ...usual, instead: failure }
          : {
              ...usual,
              runAfterMs: null,
              answerAfterMs: usual.answerAfterMs ?? 0,
              instead: failure,
            }
      case 'agentHang':
        return { ...usual, runAfterMs: fault.isAfterEffect ? 0 : null, answerAfterMs: null }
      case 'slow':
        return { ...usual, answerAfterMs: Math.round(fault.share * (call.timeoutMs ?? 0)) }
      case 'duplicateDelivery':
        return { ...usual, isDoubled: true }
      default:
        return assertNever(fault, 'fault')
    }
  }

  /** A little time before and after the agent's function, by seed and delivery: no fault changes another's. */
  #usual(delivery: string): DeliveryPlan {
    const random = seededRandom(this.#seed ^ hashOf(delivery))
    const latency = (): number => latencyGridMs * Math.floor(random() * 4)
    return { ...faultless, runAfterMs: latency(), answerAfterMs: latency() }
  }

  #happens(fault: PlannedFault, named: PlannedFault): void {
    const what = faultText(named)
    if (this.world === null) return
    const { chronicle } = this.world
    this.#done.add(fault)
    this.happened.push(named)
    this.fired.push({ atMs: chronicle.sinceMs, fault: fault.fault, what })
    chronicle.note(`${fault.fault}: ${what}`)
  }
}

const failure: ErrorJson = {
  code: 'AgentError',
  message: 'injected failure',
  retryable: true,
  hint: null,
  details: null,
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < text.length; place++) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193)
  }
  return hash >>> 0
}
