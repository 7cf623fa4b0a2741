import { silentLogger } from '../core/logger.ts'
import type { OpenedEngine, WorkflowEngine } from '../engine/index.ts'
import { findOwner } from '../storage/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'

/** A verb that changes what is in the file, in both ways in which it may have to be done. */
export interface EngineVerb<T> {
  /** Has the owner of the file do it. */
  ask(owner: OwnerInfo): Promise<T>
  /** Does it in this process, which owns the file for a moment, or on Temporal: then nothing is `opened`. */
  work(engine: WorkflowEngine, opened: OpenedEngine | null): Promise<T>
  /** Looks whether there is anything to do before the file is owned, or made; throws if not. */
  checkFile?(): void | Promise<void>
}

export interface EngineVerbResult<T> {
  readonly answer: T
  /** False when nobody owns the file: then the verb is recorded and nothing is driven. */
  readonly isDriven: boolean
}

/**
 * Does a verb on Temporal where the context says so; through the file's owner when there is one, else on the file
 * itself. A dead owner's record counts as nothing.
 *
 * @throws OwnerError when the owner cannot be asked; what it answers with, or the engine refuses
 */
export async function doEngineVerb<T>(
  context: CommandContext,
  verb: EngineVerb<T>,
): Promise<EngineVerbResult<T>> {
  if (context.temporal !== null) {
    const { withEngineAt } = await import('./temporal/engine-at.ts')
    return {
      answer: await withEngineAt(context, (engine) => verb.work(engine, null)),
      isDriven: true,
    }
  }
  const { owner } = findOwner(context.databasePath)
  if (owner !== null) return { answer: await verb.ask(owner), isDriven: true }
  await verb.checkFile?.()
  // Loaded here alone: whoever has an owner does not wait for a whole engine to load.
  const [{ openFile }, { flagProviderOf }] = await Promise.all([
    import('./engine-access.ts'),
    import('./flag-provider.ts'),
  ])
  const flags = flagProviderOf(context, null, silentLogger)
  const access = await openFile(context, {
    logger: silentLogger,
    isRecordingOnly: true,
    ...(flags === undefined ? {} : { flags }),
  })
  if (access.kind === 'owned') return { answer: await verb.ask(access.owner), isDriven: true }
  const { engine } = access.opened
  try {
    return { answer: await verb.work(engine, access.opened), isDriven: false }
  } finally {
    await engine.close()
  }
}
