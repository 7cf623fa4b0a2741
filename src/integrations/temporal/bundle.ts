import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker'
import type { WorkerModule } from './load.ts'
import { lean } from './lean-bundle.ts'

const entry = import.meta.url.endsWith('.ts') ? './hosted/index.ts' : './hosted/index.js'

const buildIdCharacters = 16

let made: Promise<WorkflowBundleWithSourceMap> | null = null

/**
 * The code of `auraExecution` with the kernel and all it needs, as one text for the sandbox. Made once in a
 * process; it takes some seconds.
 */
export function workflowBundle(worker: WorkerModule): Promise<WorkflowBundleWithSourceMap> {
  made ??= worker.bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL(entry, import.meta.url)),
    logger: new worker.DefaultLogger('WARN'),
    webpackConfigHook: lean,
  })
  return made
}

/** Names the code of the sandbox: the same code gives the same name, wherever it was bundled. */
export function buildIdOf({ code }: WorkflowBundleWithSourceMap): string {
  const [executed = ''] = code.split('\n//# sourceMappingURL=')
  return createHash('sha256').update(executed).digest('hex').slice(0, buildIdCharacters)
}
