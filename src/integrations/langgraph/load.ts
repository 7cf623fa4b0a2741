import { loadOptional } from '../../core/optional-package.ts'

/** What this room uses of `@langchain/langgraph`. */
export type LangGraph = typeof import('@langchain/langgraph')

const packages = [
  '@langchain/langgraph@1.7.3',
  '@langchain/langgraph-checkpoint@1.2.2',
  '@langchain/core@1.4.0',
] as const

/**
 * LangGraph, loaded when it is first needed: nobody else pays for it.
 *
 * @param load for tests. @throws UsageError that says what to install when it is not there
 */
export function loadLangGraph(
  load: () => Promise<LangGraph> = () => import('@langchain/langgraph'),
): Promise<LangGraph> {
  return installed(load)
}

/** As `loadLangGraph`, for any module that needs the packages. */
export function installed<T>(load: () => Promise<T>): Promise<T> {
  return loadOptional(packages, load)
}
