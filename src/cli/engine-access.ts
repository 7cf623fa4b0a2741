import { isOrchestrationError, OrchestrationError } from '../core/errors.ts'
import { openEngineParts } from '../engine/index.ts'
import { CachedEmbedder, HashedEmbedder } from '../semantic/index.ts'
import type { OpenedEngine, OpenEngineOptions } from '../engine/index.ts'
import { findOwner } from '../storage/index.ts'
import type { OwnerInfo } from '../storage/index.ts'
import type { CommandContext } from './command-context.ts'
import { ownerAnswerMsMax } from './owner-client.ts'

/** How often a file is looked at again that somebody owns for a moment only. */
const lookAgainMs = 50

/** What an engine is opened with, but for the file and the clock. */
export type OpenFileOptions = Omit<OpenEngineOptions, 'db' | 'clock'>

/** Either the engine of this process on the file, or who owns the file. */
export type FileAccess =
  | { readonly kind: 'opened'; readonly opened: OpenedEngine }
  | { readonly kind: 'owned'; readonly owner: OwnerInfo }

/**
 * Becomes the owner of the database file, or finds out who is. A verb that works on a file without an
 * owner has it for a moment and publishes nothing, so an owner that says nothing is waited for.
 *
 * @throws OwnerError when the file is held for 5 s by a process that does not say where it listens;
 *   StorageError; DocumentError or InputError for the policy that AURA_POLICY names
 */
export async function openFile(
  context: CommandContext,
  options: OpenFileOptions = {},
): Promise<FileAccess> {
  const { clock, databasePath } = context
  const { telemetry } = options
  const embedder = new CachedEmbedder(
    new HashedEmbedder(),
    telemetry === undefined ? {} : { telemetry },
  )
  const untilMs = clock.monotonicMs() + ownerAnswerMsMax
  const policies = options.policies ?? (await policyOfEnvironment(context))
  const tenants = options.tenants ?? (await configuredTenants(context))
  for (;;) {
    const { isOwned, owner } = findOwner(databasePath)
    if (owner !== null) return { kind: 'owned', owner }
    if (!isOwned) {
      try {
        return {
          kind: 'opened',
          opened: await openEngineParts({
            embedder,
            ...options,
            db: databasePath,
            clock,
            ...(policies === undefined ? {} : { policies }),
            ...(tenants === undefined ? {} : { tenants }),
          }),
        }
      } catch (thrown) {
        if (!isOrchestrationError(thrown) || thrown.code !== 'OwnerError') throw thrown
      }
    }
    if (clock.monotonicMs() >= untilMs) throw ownedSilently(databasePath)
    await new Promise<void>((resolve) => clock.after(lookAgainMs, resolve))
  }
}

/** A verb that moves an execution on by a step obeys the policy too. Loaded only where one is named. */
async function policyOfEnvironment(
  context: CommandContext,
): Promise<OpenEngineOptions['policies'] | undefined> {
  if ((context.env.AURA_POLICY ?? '') === '') return undefined
  return (await import('./policy.ts')).policyOf(context)
}

/** Whoever drives executions keeps to the budgets that `aura serve` has from the same configuration. */
async function configuredTenants(context: CommandContext): Promise<OpenEngineOptions['tenants']> {
  const { readSettings } = await import('./serve/settings.ts')
  return (await readSettings(context, { engine: 'embedded' })).tenants
}

/** The refusal of a verb that must own the file itself. */
export function ownedBy(path: string, owner: OwnerInfo): OrchestrationError {
  return new OrchestrationError(
    'OwnerError',
    `${path} is owned by 'aura ${owner.kind}' with pid ${owner.pid}`,
    {
      retryable: true,
      hint: `wait for process ${owner.pid} or stop it; or name another file with --db`,
      details: { path, pid: owner.pid, port: owner.port, kind: owner.kind },
    },
  )
}

function ownedSilently(path: string): OrchestrationError {
  return new OrchestrationError(
    'OwnerError',
    `${path} is owned by a process that does not say where it listens`,
    {
      retryable: true,
      hint: `find it with: fuser ${path}.lock`,
      details: { path, pid: null, port: null, kind: null },
    },
  )
}
