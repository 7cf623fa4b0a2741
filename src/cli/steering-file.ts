import { silentLogger } from '../core/logger.ts'
import { openLook } from '../engine/index.ts'
import { steer } from '../server/index.ts'
import type { CommandContext } from './command-context.ts'
import { openFile } from './engine-access.ts'
import { steerThrough } from './steering-owner.ts'
import type { Steered, SteerRequest } from './steering-owner.ts'

/** A sequence number that no journal reaches: asks whether an execution is there, and for nothing of it. */
const afterAnyEvent = 2 ** 40

/**
 * Steers an execution on a file that nobody owns: the verb is recorded, and whoever goes on with the
 * execution obeys it.
 *
 * @throws NotFoundError, OwnerError, what the engine refuses
 */
export async function steerFile(context: CommandContext, asked: SteerRequest): Promise<Steered> {
  // An unknown file or execution is found out before the file is owned, or made.
  const look = openLook(context.databasePath)
  try {
    look.log(asked.executionId, afterAnyEvent)
  } finally {
    look.close()
  }
  const access = await openFile(context, { logger: silentLogger })
  if (access.kind === 'owned') return steerThrough(access.owner, asked)
  const { engine } = access.opened
  try {
    return { ...(await steer(engine, asked)), isDriven: false }
  } finally {
    await engine.close()
  }
}
