import assert from 'node:assert/strict'
import type { CloudEvent } from '../core/contracts/events.ts'
import { isOrchestrationError, type OrchestrationError } from '../core/errors.ts'
import type { Delivery, EventMesh, MeshDeadLetter, WorkQueue } from '../mesh/index.ts'

/** A mesh under test and its time. */
export interface MeshHarness {
  /** Of this moment: another one after `restart`. */
  readonly mesh: EventMesh
  /** Unique to this harness, so that checks can share a broker: types, groups and queues begin with it. */
  readonly name: string
  /**
   * Time moves only here. Resolves when everything accepted so far that is due within `ms` has been handed to
   * its handlers, and what these did without waiting is done; 0 for what is due already.
   */
  advance(ms: number): Promise<void>
  /**
   * The process ends as by kill -9 and another one opens the mesh again; subscriptions and workers are gone.
   * Absent where nothing outlives the process: the checks of `durability` are then a gap.
   */
  restart?(): Promise<void>
  close(): Promise<void>
}

export type OpenMesh = () => Promise<MeshHarness>

/** Checks by what they find out. */
export type MeshChecks = Readonly<Record<string, (stage: MeshStage) => Promise<void>>>

/** A handler that remembers what it was given. */
export interface Recorder {
  /** Ids in order of delivery, repeats included. */
  readonly ids: string[]
  readonly events: CloudEvent[]
  readonly attempts: number[]
  readonly handler: (event: CloudEvent, delivery: Delivery) => Promise<CloudEvent | void>
}

/** What a check of the suite plays with. */
export class MeshStage {
  readonly harness: MeshHarness

  constructor(harness: MeshHarness) {
    this.harness = harness
  }

  get mesh(): EventMesh {
    return this.harness.mesh
  }

  /** A name of a type, group or queue that no other check has. */
  name(name: string): string {
    return `${this.harness.name}.${name}`
  }

  /** An event; the type is made unique. */
  event(type: string, id: string = type, more: Partial<CloudEvent> = {}): CloudEvent {
    const whole = this.name(type)
    return { id, source: 'suite', type: whole, time: null, subject: null, data: null, ...more }
  }

  advance(ms: number): Promise<void> {
    return this.harness.advance(ms)
  }

  /** @param behave what the handler does after it has remembered the event */
  recorder(behave: (event: CloudEvent, delivery: Delivery) => unknown = () => undefined): Recorder {
    const ids: string[] = []
    const events: CloudEvent[] = []
    const attempts: number[] = []
    return {
      ids,
      events,
      attempts,
      async handler(event, delivery) {
        ids.push(event.id)
        events.push(event)
        attempts.push(delivery.attempt)
        return (await behave(event, delivery)) as CloudEvent | undefined
      },
    }
  }

  /** Sends an event to a queue and lets it be recorded. @throws what `send` throws */
  async send(queue: WorkQueue, event: CloudEvent): Promise<'accepted' | 'repeated'> {
    const sending = queue.send(event)
    await this.after(sending)
    return sending
  }

  /** Moves time until something is so. @throws Error when it is not within `withinMs` */
  async until(what: string, isSo: () => boolean, withinMs = 120_000): Promise<void> {
    await this.advance(0)
    for (let passedMs = 0; !isSo(); passedMs += stepMs) {
      if (passedMs >= withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
      await this.advance(stepMs)
    }
  }

  /** The result of something, once so much time has passed; a rejection is returned. */
  async after<T>(promise: Promise<T>, ms = 0): Promise<unknown> {
    const settled = promise.catch((thrown: unknown) => thrown)
    await this.advance(ms)
    return settled
  }

  /** Asserts that something is refused with a code. */
  async refused(promise: Promise<unknown>, code: string, ms = 0): Promise<OrchestrationError> {
    const error = await this.after(promise, ms)
    assert.ok(isOrchestrationError(error), `expected ${code}, got ${JSON.stringify(error)}`)
    assert.equal(error.code, code, error.message)
    return error
  }

  /** Dead letters as they are told from now on. */
  letters(): readonly MeshDeadLetter[] {
    const found: MeshDeadLetter[] = []
    this.mesh.onDeadLetter((letter) => found.push(letter))
    return found
  }
}

const stepMs = 100

/** What a handler throws that may succeed another time. */
export function down(): never {
  throw new Error('down')
}
