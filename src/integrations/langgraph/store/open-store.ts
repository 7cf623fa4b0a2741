import { installed } from '../load.ts'
import type { AuraStore, StoreOptions } from './aura-store.ts'

/**
 * LangGraph's store over what an agent of an engine remembers, for graphs that run outside of a step:
 * `builder.compile({ store: await memoryStore({ memories: engine.memories, owner: 'notes' }) })`. A graph that
 * runs as a step has one by itself.
 *
 * @throws UsageError when LangGraph is not installed
 */
export async function memoryStore(options: StoreOptions): Promise<AuraStore> {
  const module = await installed(() => import('./aura-store.ts'))
  return new module.AuraStore(options)
}
