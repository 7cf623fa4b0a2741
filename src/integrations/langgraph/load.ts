import { OrchestrationError } from '../../core/errors.ts'

/** What this room uses of `@langchain/langgraph`. */
export type LangGraph = typeof import('@langchain/langgraph')

const install =
  'npm install @langchain/langgraph@1.7.3 @langchain/langgraph-checkpoint@1.2.2 @langchain/core@1.4.0'

/**
 * LangGraph, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export async function loadLangGraph(
  load: () => Promise<LangGraph> = () => import('@langchain/langgraph'),
): Promise<LangGraph> {
  return installed(load)
}

/** As `loadLangGraph`, for any module that needs the packages. */
export async function installed<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (thrown) {
    const code = (thrown as { readonly code?: unknown } | null)?.code
    if (code !== 'ERR_MODULE_NOT_FOUND') throw thrown
    throw new OrchestrationError(
      'UsageError',
      'the package @langchain/langgraph 1.7.3 is not installed',
      { hint: install, cause: thrown },
    )
  }
}
