import type { CloudEvent } from '../core/contracts/events.ts'
import { isOrchestrationError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import type { Logger } from '../core/logger.ts'
import { limits } from '../core/limits.ts'
import { tdaStateKey } from '../core/state-key.ts'
import type { StateImage, StateMirror, VersionedEntry } from '../state/index.ts'
import type { ExecutionState, KernelEvent, StateEntry } from '../workflow/index.ts'
import type { Executions } from './executions.ts'
import type { OutboxRow } from './journal/journal.ts'
import type { Running } from './running.ts'

/** What of a commit concerns the mirrors of state. */
interface Committed {
  readonly events: readonly KernelEvent[]
  /** Sequence number of the first. */
  readonly firstSeq: number
  readonly atMs: number
}

/** No agent can publish under it, so it says whose event it is. */
const source = 'aura:state'
const none = [] as const

/** Whether an event of the outbox is for the mirrors of state, and for nobody else. */
export function isForMirrors(event: CloudEvent): boolean {
  return event.source === source
}

/**
 * What the mirrors are to be told of a commit, recorded with it: the entries that it has changed. An execution
 * that came into memory anew, or changed more than an event holds, is told as a whole when it is sent.
 */
export function stateRows(running: Running, of: Committed): readonly OutboxRow[] {
  const { row, state } = running
  const { events, atMs } = of
  const rows: OutboxRow[] = []
  const isEnd = events.some(isEnding) && state.phase === 'ended'
  const changed = changedKeys(events)
  const seq = of.firstSeq + events.length - 1
  const add = (data: JsonObject): void => {
    const place = rows.length
    const id = `${row.executionId}/${seq}/${place}`
    const partitionkey = row.executionId
    const event = { id, source, type: source, time: null, subject: null, partitionkey, data }
    rows.push({ execution: row.execution, seq, place, atMs, event })
  }
  if (changed.size > 0) {
    const known = running.mirroredSeq
    const entries = known === null ? [] : imageEntries(state, (key) => changed.has(key))
    const isWhole = known === null || JSON.stringify(entries).length > limits.payloadBytesMax / 2
    // An interface has no index signature, which is all that keeps an entry from being a JsonObject.
    const given = isWhole ? null : (entries as unknown as JsonValue)
    add({ executionId: row.executionId, revision: seq, known, entries: given })
    running.mirroredSeq = seq
  }
  if (isEnd && state.entries !== null) {
    add({ executionId: row.executionId, keys: [...state.entries.keys()] })
    running.mirroredSeq = null
  }
  return rows.length === 0 ? none : rows
}

/** Hands an event of `stateRows` to the mirrors. Rejects when one of them has not taken it. */
export async function tellMirrors(
  event: CloudEvent,
  to: {
    readonly mirrors: readonly StateMirror[]
    readonly logger: Logger
    readonly executions: Pick<Executions, 'known' | 'stateAt'>
  },
): Promise<void> {
  const told = readData(event.data)
  if (told === null) return
  const { executionId } = told
  const whole = async (mirror: StateMirror): Promise<void> => {
    const image = wholeOf(to.executions, executionId)
    if (image !== null) await mirror.take(executionId, image, null)
  }
  const tell = async (mirror: StateMirror): Promise<void> => {
    if ('keys' in told) return mirror.end(executionId, told.keys)
    if (told.entries === null) return whole(mirror)
    const { revision, entries, known } = told
    try {
      await mirror.take(executionId, { revision, entries }, known)
    } catch (thrown) {
      if (!isOrchestrationError(thrown) || thrown.details?.['because'] !== 'behind') throw thrown
      to.logger.log('warn', `${thrown.message}; it is made anew from the journal`, { executionId })
      await whole(mirror)
    }
  }
  const results = await Promise.allSettled(to.mirrors.map(tell))
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

/** Everything that is recorded of an execution's state now; null when it is not there any more. */
function wholeOf(
  executions: Pick<Executions, 'known' | 'stateAt'>,
  executionId: string,
): StateImage | null {
  const row = executions.known(executionId)
  if (row === undefined || row.isPruned) return null
  const state = executions.stateAt(row)
  return { revision: state.seq, entries: imageEntries(state) }
}

/** The entries of a state as a mirror takes them. */
function imageEntries(
  { entries }: ExecutionState,
  isWanted: (key: string) => boolean = () => true,
): readonly VersionedEntry[] {
  return Array.from(entries?.values() ?? none)
    .filter(({ key }) => isWanted(key))
    .map(versioned)
}

function versioned(entry: StateEntry): VersionedEntry {
  const { key, version, value, metadata, atMs, expiresAtMs, isDeleted } = entry
  return { key, version, ...(isDeleted ? {} : { value }), metadata, atMs, expiresAtMs }
}

type Told = { readonly executionId: string } & (
  | { readonly keys: readonly string[] }
  | {
      readonly revision: number
      readonly known: number | null
      readonly entries: readonly VersionedEntry[] | null
    }
)

/** The checksum of the outbox has said that it is as `stateRows` wrote it. */
function readData(data: JsonValue): Told | null {
  return isJsonObject(data) ? (data as unknown as Told) : null
}

function isEnding({ kind }: KernelEvent): boolean {
  return (
    kind === 'ExecutionCompleted' || kind === 'ExecutionFailed' || kind === 'ExecutionCancelled'
  )
}

function changedKeys(events: readonly KernelEvent[]): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const event of events) {
    const { kind } = event
    if (kind === 'StateChanged' || kind === 'ExecutionForked' || kind === 'RolledBack')
      for (const { key } of event.changes) keys.add(key)
    else if (kind === 'TdaObserved') keys.add(tdaStateKey)
  }
  return keys
}
