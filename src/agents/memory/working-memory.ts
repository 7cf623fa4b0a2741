import type { WorkingMemory } from '../../core/contracts/memory.ts'
import type { StateAccess } from '../../core/contracts/state.ts'

/** The notes of an execution: a part of its state, so that they have all its guarantees. */
export function workingMemory(state: StateAccess): WorkingMemory {
  return {
    get: (key) => state.get(keyOf(key)),
    set: (key, value, options) => state.set(keyOf(key), value, options),
    update: (key, change) => state.update(keyOf(key), change),
    delete: (key) => state.delete(keyOf(key)),
  }
}

function keyOf(key: string): string {
  return `memory.${key}`
}
