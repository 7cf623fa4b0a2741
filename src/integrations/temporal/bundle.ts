import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import type { WorkerModule } from './load.ts'
import { lean } from './lean-bundle.ts'

const entry = import.meta.url.endsWith('.ts') ? './hosted/index.ts' : './hosted/index.js'

const buildIdCharacters = 16

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
    webpackConfigHook: lean,
  })
}

/** Names the code of the sandbox: the same code gives the same name, wherever it was bundled. */
export function buildIdOf({ code }: WorkflowBundleWithSourceMap): string {
  const [executed = ''] = code.split('\n//# sourceMappingURL=')
  return createHash('sha256').update(executed).digest('hex').slice(0, buildIdCharacters)
}
