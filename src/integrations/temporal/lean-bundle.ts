import { fileURLToPath } from 'node:url'
import type { BundleOptions } from '@temporalio/worker'

type Hook = NonNullable<BundleOptions['webpackConfigHook']>
type Config = Parameters<Hook>[0]

/** All of our own code, wherever it is installed. */
const root = fileURLToPath(new URL('../..', import.meta.url))
/** What does something by being loaded. */
const withEffects = /[\\/]hosted[\\/](globals|index)\.[jt]s$/

/**
 * Leaves out of the bundle what nothing in it uses: each execution evaluates all of it anew when it comes into
 * a worker's memory.
 */
export function lean(config: Config): Config {
  const { externals, module, optimization } = config
  return {
    ...config,
    // Hashes are made before an execution starts: nothing in the sandbox calls it.
    externals: [{ 'node:crypto': 'var {}' }, externals].flat() as NonNullable<Config['externals']>,
    module: {
      ...module,
      rules: [
        ...(module?.rules ?? []),
        { include: root, exclude: withEffects, sideEffects: false },
      ],
    },
    optimization: {
      ...optimization,
      sideEffects: true,
      providedExports: true,
      usedExports: true,
      innerGraph: true,
      concatenateModules: true,
    },
  }
}
