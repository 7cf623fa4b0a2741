import { z } from 'zod'
import { durationMsMax, parseDuration } from '../../core/duration.ts'
import { limits } from '../../core/limits.ts'

/** How much an agent remembers from execution to execution, and for how long. */
export interface MemoryConfig {
  /** The namespaces that it may use; null for any. Default `default` alone. */
  readonly namespaces: readonly string[] | null
  /** Entries of each namespace; default 10,000. */
  readonly entriesMax: number
  /** Bytes of keys and JSON of each namespace; default 16 MiB. */
  readonly bytesMax: number
  /** Of one entry; default 64 KiB. */
  readonly entryBytesMax: number
  /** How long an entry is kept that says nothing itself; default null, for ever. In data also a text such as `30d`. */
  readonly ttlMs: number | null
  /** What a full namespace does: forgets what was written longest ago (the default), or refuses what is new. */
  readonly eviction: 'oldest' | 'refuse'
  /** Entries that `recall` gives unless it is asked for another number; default 10. */
  readonly recallLimit: number
  /** How alike a text must be to be recalled, -1 to 1; default 0.1. */
  readonly scoreMin: number
}

/** What may be set of it. */
export type MemorySettings = Partial<Omit<MemoryConfig, 'ttlMs'>> & {
  readonly ttlMs?: number | string | null
}

const count = z.number().int().min(1)

/** A namespace or a key: 1 to 200 characters without control characters. */
export const memoryName = z.string().regex(/^[^\p{Cc}]{1,200}$/u, 'use 1 to 200 characters')

/** `memoryConfig` as it is written. */
export const memorySettings = z.strictObject({
  namespaces: z.array(memoryName).min(1).max(limits.memoryNamespacesMax).nullable().optional(),
  entriesMax: count.max(limits.memoryEntriesMax).optional(),
  bytesMax: count.max(limits.memoryBytesMax).optional(),
  entryBytesMax: count.max(limits.payloadBytesMax).optional(),
  ttlMs: z
    .preprocess(
      (given) => (typeof given === 'string' ? parseDuration(given) : given),
      z.number('use milliseconds or a text such as 30d').int().min(1).max(durationMsMax).nullable(),
    )
    .optional(),
  eviction: z.enum(['oldest', 'refuse']).optional(),
  recallLimit: count.max(limits.memoryRecallMax).optional(),
  scoreMin: z.number().min(-1).max(1).optional(),
})

/** The configuration with every default. */
export function memoryConfig(given: z.output<typeof memorySettings> = {}): MemoryConfig {
  return {
    namespaces: given.namespaces === undefined ? [defaultNamespace] : given.namespaces,
    entriesMax: given.entriesMax ?? 10_000,
    bytesMax: given.bytesMax ?? 16_777_216,
    entryBytesMax: given.entryBytesMax ?? 65_536,
    ttlMs: given.ttlMs ?? null,
    eviction: given.eviction ?? 'oldest',
    recallLimit: given.recallLimit ?? 10,
    scoreMin: given.scoreMin ?? 0.1,
  }
}

/** The namespace of calls that name none. */
export const defaultNamespace = 'default'
