import type { World } from './world.ts'

/** The agent that remembers, and what it writes: its own keys, so that each is told apart. */
export const remembering = { owner: 'writer', namespace: 'calls' } as const

/** What the journal says was remembered is in the agent's memory, and nothing else is. */
export function checkMemory(world: World): void {
  const { records, disk } = world
  const { memories } = disk.store
  const recorded = new Set<string>()
  for (const { rows, isExempt } of records.byId.values()) {
    for (const event of isExempt ? [] : rows.flatMap(({ events }) => events)) {
      if (event.kind !== 'MemoryChanged') continue
      for (const { key } of event.change.writes) recorded.add(key)
    }
  }
  const kept = new Set(memories.numbers(remembering).map((number) => memories.entry(number)?.key))
  for (const key of recorded) if (!kept.has(key)) world.fail(`rememberedIsKept (${key})`)
  for (const key of kept) {
    const isOut = world.record((key ?? '').split('/')[0] ?? '')?.isExempt === true
    if (!isOut && !recorded.has(key ?? '')) world.fail(`rememberedIsRecorded (${key ?? ''})`)
  }
}
