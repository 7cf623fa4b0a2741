import type { LanguageModel } from 'ai'
import { OrchestrationError } from '../../core/errors.ts'
import type { BaseAgent } from '../base-agent.ts'
import type { AgentSettings } from '../configuration.ts'
import type { AgentContext } from '../contract.ts'
import { defineAgent } from '../define-agent.ts'
import type { Prices } from './ask-model.ts'
import { complete } from './complete.ts'
import { completionRequest } from './conversation.ts'
import { loadOpenAiCompatible } from './load-ai.ts'

/** A server that speaks OpenAI's chat completions: Ollama, vLLM, LM Studio, a gateway. */
export interface CompatibleServer {
  /** With the API's version, as `http://127.0.0.1:11434/v1`. */
  readonly url: string
  readonly name: string
  /** Itself, or the name of the environment variable with it; default none is sent. */
  readonly apiKey?: string | { readonly $secret: string }
  /** The server keeps answers to a JSON Schema. Default false: the model is told the schema in words. */
  readonly hasStructuredOutput?: boolean
}

export interface ModelDefinition {
  /** By which LLM agents name it. */
  readonly type: string
  readonly description?: string
  /**
   * `provider/model`, which the AI SDK's gateway resolves; a model of any of its provider packages; or a server
   * that speaks OpenAI's wire format.
   */
  readonly model: LanguageModel | CompatibleServer
  /** US dollars for a million tokens; default 0. */
  readonly prices?: Prices
  /** The most that one call uses, reserved in every budget before it is made; default 0: none is reserved. */
  readonly maxTokens?: number
  readonly maxCostUsd?: number
  /** Pool, rate limit, breaker and budget of the provider: as of any agent. */
  readonly config?: AgentSettings
}

/**
 * Makes a language model an agent of the registry, with the action `complete` (see `CompletionRequest` and
 * `Completion`). So its provider has a pool, a rate limit, a breaker and a budget, and each answer is recorded.
 * The effect is `read`: an answer that was lost with its process is asked for, and paid, once more.
 *
 * Errors of `complete`: AgentCommunicationError (rate limit, overload, no connection: retried, after
 * `Retry-After`; a wrong key or model: not), AgentOutputError (no JSON as asked, also after one repair: retried;
 * cut off: not), RefusedError (the provider's content filter; a missing package or key), BudgetExceededError.
 *
 * @throws AgentModuleError when the definition is wrong
 */
export function defineModel(definition: ModelDefinition): BaseAgent {
  const { type, description, model, prices, maxTokens, maxCostUsd, config } = definition
  let opened: Promise<LanguageModel> | null = null
  const open = (): Promise<LanguageModel> =>
    (opened ??= openModel(model, (name) => agent.host.secret(name)).catch(forget))
  // A key that was missing may be there the next time.
  const forget = (thrown: unknown): never => {
    opened = null
    throw thrown
  }
  const agent: BaseAgent = defineAgent({
    type,
    description: description ?? `The language model ${nameOf(model)}`,
    ...(config === undefined ? {} : { config }),
    actions: {
      complete: {
        effect: 'read',
        input: completionRequest,
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
        async run(request, context: AgentContext) {
          const isToldSchema = isServer(model) && model.hasStructuredOutput !== true
          const named = { name: nameOf(model), open, prices: prices ?? {}, isToldSchema }
          return complete(named, request, context)
        },
      },
    },
  })
  return agent
}

type Secrets = (name: string) => string | undefined

async function openModel(model: ModelDefinition['model'], secrets: Secrets) {
  if (!isServer(model)) return model
  const { url, name, hasStructuredOutput } = model
  const apiKey = keyOf(model, secrets)
  if (!URL.canParse(url)) {
    throw new OrchestrationError('RefusedError', `model '${name}': '${url}' is no URL`, {
      hint: 'as http://127.0.0.1:11434/v1',
    })
  }
  const { createOpenAICompatible } = await loadOpenAiCompatible()
  const provider = createOpenAICompatible({
    name: 'compatible',
    baseURL: url,
    includeUsage: true,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(hasStructuredOutput === undefined
      ? {}
      : { supportsStructuredOutputs: hasStructuredOutput }),
  })
  return provider(name)
}

function keyOf({ name, apiKey }: CompatibleServer, secrets: Secrets): string | undefined {
  if (typeof apiKey !== 'object') return apiKey
  const key = secrets(apiKey.$secret)
  if (key !== undefined) return key
  throw new OrchestrationError(
    'RefusedError',
    `the key of model '${name}' is missing: there is no ${apiKey.$secret}`,
    { hint: `set the environment variable ${apiKey.$secret} and redrive` },
  )
}

function isServer(model: ModelDefinition['model']): model is CompatibleServer {
  return typeof model === 'object' && 'url' in model
}

function nameOf(model: ModelDefinition['model']): string {
  if (typeof model === 'string') return model
  return isServer(model) ? model.name : `${model.provider}/${model.modelId}`
}
