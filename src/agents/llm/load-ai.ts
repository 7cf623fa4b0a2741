import { loadOptional } from '../../core/optional-package.ts'

/** The parts of the AI SDK that are used here. */
export type AiModule = Pick<
  typeof import('ai'),
  'generateText' | 'streamText' | 'jsonSchema' | 'Output' | 'NoObjectGeneratedError'
>

/** @throws UsageError naming the package and the command that installs it */
export function loadAi(): Promise<AiModule> {
  return loadOptional(['ai@7.0.173'], () => import('ai'))
}

/** @throws UsageError naming the package and the command that installs it */
export function loadOpenAiCompatible(): Promise<typeof import('@ai-sdk/openai-compatible')> {
  return loadOptional(
    ['@ai-sdk/openai-compatible@3.0.92'],
    () => import('@ai-sdk/openai-compatible'),
  )
}
