import { loadOptional } from '../../core/optional-package.ts'

/** The parts of the AI SDK that are used here. */
export type AiModule = Pick<
  typeof import('ai'),
  'generateText' | 'streamText' | 'jsonSchema' | 'Output' | 'NoObjectGeneratedError'
>

let loaded: AiModule | null = null

/** @throws UsageError naming the package and the command that installs it */
export async function loadAi(): Promise<AiModule> {
  // Importing it again, for each call of a model, costs as much as the call itself does here.
  loaded ??= await loadOptional(['ai@7.0.173'], () => import('ai'))
  return loaded
}

/** @throws UsageError naming the package and the command that installs it */
export function loadOpenAiCompatible(): Promise<typeof import('@ai-sdk/openai-compatible')> {
  return loadOptional(
    ['@ai-sdk/openai-compatible@3.0.92'],
    () => import('@ai-sdk/openai-compatible'),
  )
}
