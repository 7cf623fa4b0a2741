import type { WorkerOptions } from '@temporalio/worker'

type Tuner = NonNullable<WorkerOptions['tuner']>
type Suppliers = Extract<Tuner, { readonly activityTaskSlotSupplier: unknown }>
type Supplier = Extract<Suppliers['activityTaskSlotSupplier'], { readonly type: 'custom' }>

/** As Temporal has them where nobody says otherwise. */
const slotsOfOtherTasks = { type: 'fixed-size', numSlots: 40 } as const
const slotsOfLocalActivities = { type: 'fixed-size', numSlots: 100 } as const
const permit = {}

/**
 * What a worker takes on at the same time. A call that waits for one made inside it does nothing until that has
 * ended, so its slot is lent meanwhile: however deep calls go, and however many wait, one that could run finds
 * a slot. For as long as a call goes on while its slot is lent, one more than `max` may run.
 */
export class CallSlots {
  readonly #max: number
  readonly #queue: (() => void)[] = []
  #held = 0
  #lent = 0

  constructor(max: number) {
    this.#max = max
  }

  /** Lends a slot until the work, which itself takes no time of the worker, has ended. */
  async lend<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#lent++
    this.#grant()
    try {
      return await work()
    } finally {
      this.#lent--
    }
  }

  get tuner(): Tuner {
    const supplier: Supplier = {
      type: 'custom',
      reserveSlot: (_context, signal) => this.#reserve(signal),
      tryReserveSlot: () => (this.#isFree ? this.#take() : null),
      markSlotUsed: () => {},
      releaseSlot: () => {
        this.#held--
        this.#grant()
      },
    }
    return {
      workflowTaskSlotSupplier: slotsOfOtherTasks,
      activityTaskSlotSupplier: supplier,
      localActivityTaskSlotSupplier: slotsOfLocalActivities,
      nexusTaskSlotSupplier: slotsOfOtherTasks,
    }
  }

  get #isFree(): boolean {
    return this.#held < this.#max + this.#lent
  }

  #take(): typeof permit {
    this.#held++
    return permit
  }

  #reserve(signal: AbortSignal): Promise<typeof permit> {
    if (this.#isFree) return Promise.resolve(this.#take())
    return new Promise((resolve, reject) => {
      const grant = (): void => resolve(this.#take())
      this.#queue.push(grant)
      signal.addEventListener('abort', () => {
        const place = this.#queue.indexOf(grant)
        if (place >= 0) this.#queue.splice(place, 1)
        reject(new DOMException('nobody asks for the slot any more', 'AbortError'))
      })
    })
  }

  #grant(): void {
    while (this.#isFree && this.#queue.length > 0) this.#queue.shift()?.()
  }
}
