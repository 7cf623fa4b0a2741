import { loadOptional } from '../../core/optional-package.ts'

/** What this room uses of Temporal's packages. */
export type ClientModule = typeof import('@temporalio/client')
export type WorkerModule = typeof import('@temporalio/worker')
export type ActivityModule = typeof import('@temporalio/activity')

const version = '1.23.0'
const workerPackages = ['worker', 'activity', 'workflow'] as const

/** Temporal's client, loaded when it is first needed. @throws UsageError that says what to install */
export function loadClient(): Promise<ClientModule> {
  return loadOptional([`@temporalio/client@${version}`], () => import('@temporalio/client'))
}

/** Temporal's worker and what its activities see, loaded when they are first needed. @throws UsageError that says what to install */
export function loadWorker(): Promise<{
  readonly worker: WorkerModule
  readonly activity: ActivityModule
}> {
  const [first, ...others] = workerPackages.map((name) => `@temporalio/${name}@${version}`)
  return loadOptional([first as string, ...others], async () => {
    // The sandbox's own package is bundled and not loaded: it only has to be there.
    import.meta.resolve('@temporalio/workflow')
    const [worker, activity] = await Promise.all([
      import('@temporalio/worker'),
      import('@temporalio/activity'),
    ])
    return { worker, activity }
  })
}
