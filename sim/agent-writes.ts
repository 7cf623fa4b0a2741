import type { AgentCall } from '../src/agents/index.ts'
import { StateBuffer } from '../src/agents/state-buffer.ts'
import type { MemoryChange } from '../src/core/contracts/memory.ts'
import type { StateWrite } from '../src/core/contracts/state.ts'
import type { JsonValue } from '../src/core/json.ts'
import type { Random } from '../src/core/random.ts'
import { remembering } from './check-memory.ts'
import { countKey } from './state-model.ts'

/** What the agent that remembers keeps of a call. */
export function memoryOf(key: string, value: JsonValue): MemoryChange {
  const entry = { value, text: null, metadata: {} }
  const { owner, namespace } = remembering
  return { owner, entriesMax: 10_000, bytesMax: 10_000_000, writes: [{ namespace, key, entry }] }
}

/** What an agent writes into the state of its execution when it completes; worked out at that moment. */
export function stateWrites(
  name: string,
  call: AgentCall,
  random: Random,
): (() => readonly StateWrite[] | undefined) | null {
  const { readState, idempotencyKey } = call
  if (readState === undefined) return null
  const buffer = new StateBuffer(readState, () => false)
  const by = { by: idempotencyKey }
  switch (name) {
    case 'counter':
      buffer.update(countKey, (value) => Number(value ?? 0) + 1)
      break
    case 'swapper': {
      const expected = readState('cas')?.version ?? 0
      buffer.set('side', by)
      buffer.set('cas', { expected }, { expectedVersion: expected })
      break
    }
    case 'scribe': {
      const roll = random()
      buffer.set('mark', by, { metadata: { by: 'scribe' } })
      if (roll < 0.4) buffer.set('note', by, { ttlMs: 50 + Math.floor(roll * 1_000) })
      else if (roll < 0.6) buffer.delete('note')
      else if (roll < 0.7) buffer.delete('cas')
      break
    }
    default:
      return null
  }
  return () => buffer.writes()
}
