import type { Clock } from '../core/clock.ts'
import type { OpenedEngine } from '../engine/index.ts'
import { storedLetters } from '../mesh/index.ts'
import type { ApiServerOptions } from '../server/index.ts'
import { type Database, queueLetter, queueLetters, SqliteQueueStore } from '../storage/index.ts'

/** Dead letters of the work queues in an owned file; those of queues that are open are told to them. */
export function fileLetters(
  { mesh }: Pick<OpenedEngine, 'mesh'>,
  database: Database,
  clock: Clock,
): NonNullable<ApiServerOptions['queueLetters']> {
  const desk = mesh?.queueLetters ?? storedLetters(new SqliteQueueStore(database), clock)
  return {
    list: (limit) => queueLetters(database, limit),
    find: (place) => queueLetter(database, place),
    redrive: (queue, number) => desk.redrive(queue, number),
    discard: (queue, number) => desk.discard(queue, number),
  }
}
