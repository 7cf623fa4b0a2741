import { OrchestrationError } from '../../core/errors.ts'

/** What this room uses of Temporal's packages. */
export type ClientModule = typeof import('@temporalio/client')
export type WorkerModule = typeof import('@temporalio/worker')
export type ActivityModule = typeof import('@temporalio/activity')

const version = '1.23.0'

/** Temporal's client, loaded when it is first needed. @throws UsageError that says what to install */
export function loadClient(): Promise<ClientModule> {
  return load('@temporalio/client', () => import('@temporalio/client'))
}

/** Temporal's worker and what its activities see, loaded when they are first needed. @throws UsageError that says what to install */
export async function loadWorker(): Promise<{
  readonly worker: WorkerModule
  readonly activity: ActivityModule
}> {
  const worker = await load('@temporalio/worker', () => import('@temporalio/worker'))
  const activity = await load('@temporalio/activity', () => import('@temporalio/activity'))
  await load('@temporalio/workflow', async () => import.meta.resolve('@temporalio/workflow'))
  return { worker, activity }
}

/** @throws UsageError that names the package and how to install it when it is not there */
export async function load<Module>(name: string, from: () => Promise<Module>): Promise<Module> {
  try {
    return await from()
  } catch (thrown) {
    if ((thrown as { readonly code?: unknown } | null)?.code !== 'ERR_MODULE_NOT_FOUND')
      throw thrown
    throw new OrchestrationError('UsageError', `the package ${name} ${version} is not installed`, {
      hint: `npm install ${['client', 'worker', 'activity', 'workflow'].map((part) => `@temporalio/${part}@${version}`).join(' ')}`,
      cause: thrown,
    })
  }
}
