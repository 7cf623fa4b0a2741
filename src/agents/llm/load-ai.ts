import { isOrchestrationError, messageOf, OrchestrationError } from '../../core/errors.ts'

/** The parts of the AI SDK that are used here. */
export type AiModule = Pick<
  typeof import('ai'),
  'generateText' | 'streamText' | 'jsonSchema' | 'Output' | 'NoObjectGeneratedError'
>

const aiPackage = 'ai@7.0.173'
const compatiblePackage = '@ai-sdk/openai-compatible@3.0.92'

/** @throws RefusedError naming the package and the command that installs it */
export function loadAi(): Promise<AiModule> {
  return load(aiPackage, () => import('ai'))
}

/** @throws RefusedError naming the package and the command that installs it */
export function loadOpenAiCompatible(): Promise<typeof import('@ai-sdk/openai-compatible')> {
  return load(compatiblePackage, () => import('@ai-sdk/openai-compatible'))
}

async function load<T>(name: string, importIt: () => Promise<T>): Promise<T> {
  try {
    return await importIt()
  } catch (thrown) {
    if (isOrchestrationError(thrown) || !isMissing(thrown)) throw thrown
    throw new OrchestrationError('RefusedError', `LLM agents need ${name}, not installed here`, {
      hint: `npm install ${name}`,
      details: { packages: [name], reason: messageOf(thrown) },
      cause: thrown,
    })
  }
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND'
}
