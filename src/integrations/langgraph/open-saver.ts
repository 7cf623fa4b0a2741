import { Database, type Durability } from '../../storage/index.ts'
import type {
  AuraCheckpointSaver,
  CheckpointSaverOptions,
  CheckpointSettings,
} from './checkpoints/checkpoint-saver.ts'
import { installed } from './load.ts'

/** A checkpointer and the file that it owns. */
export interface OpenedSaver {
  readonly saver: AuraCheckpointSaver
  readonly close: () => void
}

/**
 * A checkpointer over a file that somebody has opened, for instance the engine, or over records that processes share.
 *
 * @throws UsageError when LangGraph is not installed; InputError for a `keep` below 1
 */
export async function checkpointSaver(
  options: CheckpointSaverOptions,
): Promise<AuraCheckpointSaver> {
  const module = await installed(() => import('./checkpoints/checkpoint-saver.ts'))
  return new module.AuraCheckpointSaver(options)
}

/**
 * Opens a file for a checkpointer alone, as its owner.
 *
 * @param options.db made when it is missing; `durability` is `full` unless said otherwise
 * @throws OwnerError when a process owns the file; StorageError; and as `checkpointSaver`
 */
export async function openCheckpointSaver(
  options: CheckpointSettings & {
    readonly db: string
    readonly durability?: Durability
  },
): Promise<OpenedSaver> {
  const { db, durability = 'full', ...rest } = options
  const database = Database.open({ path: db, durability })
  try {
    const saver = await checkpointSaver({ ...rest, database })
    return { saver, close: () => database.close() }
  } catch (thrown) {
    database.close()
    throw thrown
  }
}
