import { assertNever } from '../../core/assert.ts'
import type { CloudEvent } from '../../core/contracts/events.ts'
import type { ErrorJson } from '../../core/errors.ts'

/** What the log of a queue says, one record after the other. `id` names the message within its queue. */
export type QueueRecord =
  | ({ readonly kind: 'sent'; readonly id: string; readonly event: CloudEvent | null } & Sent)
  | ({ readonly id: string } & QueueChange)
  /** The record of the event was removed, or of the rest of what is known of the message. */
  | { readonly kind: 'eventRemoved' | 'forgotten'; readonly id: string }

interface Sent {
  readonly atMs: number
  readonly dueAtMs: number
}

/** What becomes of a message. `claim` is the number of the claim that it is about. */
export type QueueChange =
  | {
      readonly kind: 'claimed'
      readonly claim: number
      readonly atMs: number
      readonly untilMs: number
    }
  | { readonly kind: 'extended'; readonly claim: number; readonly untilMs: number }
  | { readonly kind: 'released'; readonly claim: number; readonly dueAtMs: number }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'dead'
      readonly claim: number
      readonly error: ErrorJson
      readonly atMs: number
    }
  | { readonly kind: 'redriven'; readonly claim: number; readonly atMs: number }

/** A message as the log has it so far. */
export interface QueueEntry {
  readonly id: string
  /** Null when it could not be read, or was removed. */
  event: CloudEvent | null
  /** Its `partitionkey`. */
  key: string | null
  status: 'waiting' | 'dead' | 'done'
  atMs: number
  dueAtMs: number
  /** Claims so far; each is one delivery. */
  claims: number
  /** Claims before it was redriven. */
  spent: number
  /** Until when a worker has it; 0 for nobody. */
  heldUntilMs: number
  error: ErrorJson | null
  diedAtMs: number
  /** False while only changes were seen: compaction may move them before the event. */
  isSent: boolean
}

/**
 * The state of a queue as a fold over its log. Every process folds the same records in the same order and so
 * comes to the same state: who works on a message is decided by whose claim comes first in the log, without
 * anybody in charge. A claim holds when it has the next number and the claim before it is over. Numbers that
 * were left out belong to records that compaction has removed.
 */
export class QueueLog {
  /** Messages that wait or are being handled, in the order in which they were sent. */
  readonly open = new Map<string, QueueEntry>()
  readonly dead = new Map<string, QueueEntry>()
  /** Ids of what was handled, the oldest first. */
  readonly done = new Map<string, QueueEntry>()
  /** By key, in the order in which they were sent; the first is the one that may be handled. */
  readonly #lanes = new Map<string, QueueEntry[]>()

  /** @returns whether the record holds; one that does not has changed nothing */
  apply(record: QueueRecord): boolean {
    switch (record.kind) {
      case 'sent':
        return this.#send(record)
      case 'forgotten':
        return this.#forget(record.id)
      case 'eventRemoved':
        return true
      default:
        return this.#change(this.entry(record.id) ?? this.#unsent(record.id), record)
    }
  }

  entry(id: string): QueueEntry | undefined {
    return this.open.get(id) ?? this.dead.get(id) ?? this.done.get(id)
  }

  /** Whether nothing of its key is before it. */
  isFirst(entry: QueueEntry): boolean {
    return entry.key === null || this.#lanes.get(entry.key)?.[0] === entry
  }

  /** What may be handled next of the key of this one. */
  firstOfKey({ key }: QueueEntry): QueueEntry | undefined {
    return key === null ? undefined : this.#lanes.get(key)?.[0]
  }

  #send({ id, event, atMs, dueAtMs }: QueueRecord & { readonly kind: 'sent' }): boolean {
    const known = this.entry(id)
    if (known?.isSent === true || known?.status === 'done') return false
    const entry = known ?? this.#unsent(id)
    entry.isSent = true
    entry.event = event
    entry.key = event?.partitionkey ?? null
    entry.atMs = atMs
    entry.dueAtMs = Math.max(entry.dueAtMs, dueAtMs)
    if (entry.status === 'waiting') this.#enter(entry)
    return true
  }

  #unsent(id: string): QueueEntry {
    const none = {
      event: null,
      key: null,
      atMs: 0,
      dueAtMs: 0,
      claims: 0,
      spent: 0,
      heldUntilMs: 0,
    }
    const entry: QueueEntry = {
      id,
      ...none,
      status: 'waiting',
      error: null,
      diedAtMs: 0,
      isSent: false,
    }
    this.open.set(id, entry)
    return entry
  }

  #change(entry: QueueEntry, change: QueueChange): boolean {
    switch (change.kind) {
      case 'claimed':
        if (entry.status !== 'waiting' || change.claim <= entry.claims) return false
        if (change.claim === entry.claims + 1 && change.atMs < entry.heldUntilMs) return false
        entry.claims = change.claim
        entry.heldUntilMs = change.untilMs
        return true
      case 'extended':
        if (!takeClaim(entry, change.claim)) return false
        entry.heldUntilMs = change.untilMs
        return true
      case 'released':
        if (!takeClaim(entry, change.claim)) return false
        entry.heldUntilMs = 0
        entry.dueAtMs = change.dueAtMs
        return true
      case 'done':
        // Handled is handled, whoever has it now.
        if (entry.status !== 'waiting') return false
        this.#leave(entry, this.done)
        entry.status = 'done'
        entry.event = null
        return true
      case 'dead':
        if (!takeClaim(entry, change.claim)) return false
        entry.heldUntilMs = 0
        entry.error = change.error
        entry.diedAtMs = change.atMs
        this.#leave(entry, this.dead)
        entry.status = 'dead'
        return true
      case 'redriven':
        if (entry.status === 'done' || change.claim < entry.claims) return false
        this.dead.delete(entry.id)
        Object.assign(entry, { status: 'waiting', error: null, claims: change.claim })
        Object.assign(entry, { spent: change.claim, atMs: change.atMs, dueAtMs: change.atMs })
        this.#enter(entry)
        return true
      default:
        return assertNever(change, 'change')
    }
  }

  #forget(id: string): boolean {
    const entry = this.entry(id)
    if (entry === undefined) return false
    if (entry.status === 'waiting') this.#leave(entry, null)
    this.dead.delete(id)
    this.done.delete(id)
    return true
  }

  #enter(entry: QueueEntry): void {
    this.open.set(entry.id, entry)
    const { key } = entry
    if (key === null) return
    const lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, [entry])
    else if (!lane.includes(entry)) lane.push(entry)
  }

  #leave(entry: QueueEntry, into: Map<string, QueueEntry> | null): void {
    this.open.delete(entry.id)
    into?.set(entry.id, entry)
    const { key } = entry
    const lane = key === null ? undefined : this.#lanes.get(key)
    if (key === null || lane === undefined) return
    const place = lane.indexOf(entry)
    if (place >= 0) lane.splice(place, 1)
    if (lane.length === 0) this.#lanes.delete(key)
  }
}

/**
 * Takes note of the claim that a change is about, and says whether it is the one that counts; one that is over
 * counts until the next one. A claim that was never seen is one that compaction has removed.
 */
function takeClaim(entry: QueueEntry, claim: number): boolean {
  if (entry.status !== 'waiting' || claim < entry.claims) return false
  entry.claims = claim
  return true
}
