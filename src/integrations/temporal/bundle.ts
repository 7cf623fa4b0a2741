import { fileURLToPath } from 'node:url'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import type { WorkerModule } from './load.ts'

const entry = import.meta.url.endsWith('.ts') ? './hosted/index.ts' : './hosted/index.js'

let made: Promise<WorkflowBundleWithSourceMap> | null = null

/** The code of `auraExecution`, made once in a process. */
export function workflowBundle(worker: WorkerModule): Promise<WorkflowBundleWithSourceMap> {
  made ??= bundled(worker)
  return made
}

/**
 * The code of `auraExecution` with the kernel and all it needs, as one text for the sandbox; it takes some
 * seconds.
 *
 * @param interceptors files with interceptors of the sandbox; default none
 */
export function bundled(
  worker: WorkerModule,
  interceptors: readonly string[] = [],
): Promise<WorkflowBundleWithSourceMap> {
  return worker.bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(entry, import.meta.url)),
    workflowInterceptorModules: [...interceptors],
    logger: new worker.DefaultLogger('WARN'),
    webpackConfigHook: (config) => ({
      ...config,
      // Hashes are made before an execution starts: nothing in the sandbox calls it.
      externals: [{ 'node:crypto': 'var {}' }, config.externals].flat() as NonNullable<
        typeof config.externals
      >,
    }),
  })
}
