import { type ErrorJson, OrchestrationError, toErrorJson } from '../core/errors.ts'

/** One way to come to a result. */
export interface Way<T> {
  /** As `degraded` names it. */
  readonly name: string
  readonly run: () => Promise<T>
}

export interface Degraded<T> {
  readonly output: T
  /** Null when the first way led to it. */
  readonly degraded: { readonly from: string; readonly to: string; readonly because: string } | null
}

/**
 * Tries simpler ways until one succeeds, such as a consensus, then a fan-out with quorum, then one supervisor; as
 * `fallback` does it for a step.
 *
 * @throws what the last way failed with; InputError without a way
 */
export async function withFallbacks<T>(ways: readonly Way<T>[]): Promise<Degraded<T>> {
  const [first] = ways
  if (first === undefined) throw new OrchestrationError('InputError', 'there is no way to try')
  let because: ErrorJson | null = null
  for (const way of ways) {
    try {
      const output = await way.run()
      if (because === null) return { output, degraded: null }
      const why = `${because.code}: ${because.message}`
      return { output, degraded: { from: first.name, to: way.name, because: why } }
    } catch (thrown) {
      if (way === ways.at(-1)) throw thrown
      because ??= toErrorJson(thrown)
    }
  }
  throw new OrchestrationError('InternalError', 'every way was tried')
}
