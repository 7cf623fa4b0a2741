import { assertNever } from '../../core/assert.ts'
import type { KernelEvent, Plan } from '../../workflow/index.ts'

type AdaptedEvent = KernelEvent & { kind: 'ExecutionAdapted' }
type Seen = KernelEvent & {
  kind:
    | 'ExecutionAdapted'
    | 'AdaptationReverted'
    | 'ApprovalAwaited'
    | 'StepApproved'
    | 'ExecutionForked'
}

interface Known {
  readonly steps: AdaptedEvent['steps']
  readonly pause: boolean
  isInForce: boolean
}

/** What a journal says of adaptations, judged by rules of its own. */
export class AdaptationCheck {
  readonly #plan: Plan
  readonly #fail: (property: string) => void
  readonly #known = new Map<string, Known>()
  /** Steps to which somebody has agreed and that are not begun yet. */
  readonly #approved = new Set<string>()

  constructor(plan: Plan, fail: (property: string) => void) {
    this.#plan = plan
    this.#fail = fail
  }

  /** @returns whether the execution is paused from now on; null where that stays */
  see(event: Seen, isDecided: (step: string) => boolean): boolean | null {
    switch (event.kind) {
      case 'ExecutionAdapted':
        return this.#adapted(event, isDecided)
      case 'AdaptationReverted': {
        const known = this.#known.get(event.id)
        if (known?.isInForce !== true) this.#fail('adaptedOnce')
        else known.isInForce = false
        return known?.pause === true ? false : null
      }
      case 'ApprovalAwaited':
        if (this.#inForce(event.step, 'approval') !== event.signal) this.#fail('adaptationHolds')
        return null
      case 'StepApproved':
        this.#approved.add(event.step)
        return null
      case 'ExecutionForked':
        for (const { id, steps, pause } of event.adaptations ?? [])
          this.#known.set(id, { steps, pause, isInForce: true })
        return null
      default:
        return assertNever(event, 'event')
    }
  }

  /** The step is begun: by what is in force, and after its approval. */
  begins(step: string): void {
    if (!this.#approved.delete(step) && this.#inForce(step, 'approval') !== undefined)
      this.#fail('approvalHolds')
  }

  /** The step is decided anew: what was approved is asked for again. */
  again(step: string): void {
    this.#approved.delete(step)
  }

  /** Items of a step that may run at a time. */
  parallelMax(step: string): number | undefined {
    return this.#inForce(step, 'maxParallel')
  }

  /** Who does the work of a step instead of its own agent. */
  agent(step: string): string | undefined {
    return this.#inForce(step, 'agent')
  }

  #adapted(event: AdaptedEvent, isDecided: (step: string) => boolean): boolean | null {
    const { id, steps, pause = false } = event
    if (this.#known.has(id)) this.#fail('adaptedOnce')
    const { adaptation: bounds } = this.#plan
    const isWithin = Object.entries(steps).every(([step, change]) => {
      const { spec, agent, approval, maxParallel = 1 } = change
      const isWhole = spec !== undefined || agent !== undefined || approval !== undefined
      if (isWhole && isDecided(step)) this.#fail('startedStaysAsItBegan')
      return (
        (spec === undefined || bounds?.patterns.includes(spec.pattern) === true) &&
        (agent === undefined || bounds?.agents.includes(agent) === true) &&
        (approval === undefined || bounds?.approval === true) &&
        (maxParallel === 1 || maxParallel <= (bounds?.maxParallel ?? 0))
      )
    })
    if (bounds === null || !isWithin || (pause && !bounds.pause)) this.#fail('adaptedWithinBounds')
    this.#known.set(id, { steps, pause, isInForce: true })
    return pause ? true : null
  }

  #inForce<Key extends 'approval' | 'maxParallel' | 'agent'>(
    step: string,
    key: Key,
  ): AdaptedEvent['steps'][string][Key] | undefined {
    let value: AdaptedEvent['steps'][string][Key] | undefined
    for (const { steps, isInForce } of this.#known.values())
      if (isInForce) value = steps[step]?.[key] ?? value
    return value
  }
}
