import type { Clock } from '../../core/clock.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { canonicalJson, type JsonObject, type JsonValue } from '../../core/json.ts'

/** What executions are found by; `temporal operator search-attribute create` takes name and type as they are here. */
export const searchAttributes = {
  workflow: { name: 'AuraWorkflow', type: 'KEYWORD' },
  /** As `aura ls` shows it. */
  status: { name: 'AuraStatus', type: 'KEYWORD' },
  /** How many are open. */
  deadLetters: { name: 'AuraDeadLetters', type: 'INT' },
  /** A pair of the document's metadata each, as `key=value`. */
  metadata: { name: 'AuraMetadata', type: 'KEYWORD_LIST' },
} as const

/** Of Temporal's `IndexedValueType`, and as its command line says them. */
const indexedTypes = { KEYWORD: 2, INT: 3, KEYWORD_LIST: 7 } as const
const typeWords = { KEYWORD: 'Keyword', INT: 'Int', KEYWORD_LIST: 'KeywordList' } as const

/** What Temporal takes of a keyword: a longer pair of metadata is shown, and not found. */
const keywordCharactersMax = 255

/** A pair of metadata as it is found; values that are no texts as canonical JSON. */
export function metadataWord(key: string, value: JsonValue): string {
  return `${key}=${typeof value === 'string' ? value : canonicalJson(value)}`
}

/** The pairs of metadata by which an execution is found. */
export function metadataWords(metadata: JsonObject): string[] {
  return Object.entries(metadata)
    .map(([key, value]) => metadataWord(key, value))
    .filter((word) => word.length <= keywordCharactersMax)
}

/** What of a connection, of a client or a worker, is needed here. */
export interface AdminServices {
  readonly operatorService: {
    listSearchAttributes(asked: { namespace: string }): Promise<{
      readonly customAttributes?: Readonly<Record<string, unknown>> | null
    }>
    addSearchAttributes(asked: {
      namespace: string
      searchAttributes: Record<string, number>
    }): Promise<unknown>
  }
  readonly workflowService: {
    countWorkflowExecutions(asked: { namespace: string; query: string }): Promise<unknown>
  }
}

/** How often and how long apart a server is asked whether it knows them now. */
const triesMax = 150
const tryEveryMs = 200

/**
 * Makes sure that the namespace has the search attributes of executions, and registers those that are missing.
 *
 * @throws StorageError that says what to register, when Temporal does not let this client do it
 */
export async function ensureSearchAttributes(
  services: AdminServices,
  { namespace, clock }: { readonly namespace: string; readonly clock: Clock },
): Promise<void> {
  const all = Object.values(searchAttributes)
  let missing = all
  try {
    const { operatorService } = services
    const { customAttributes } = await operatorService.listSearchAttributes({ namespace })
    missing = all.filter(({ name }) => customAttributes?.[name] === undefined)
    if (missing.length === 0) return
    const wanted = missing.map(({ name, type }) => [name, indexedTypes[type]] as const)
    await operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(wanted),
    })
  } catch (thrown) {
    // Two that begin at the same time register the same.
    if (!messageOf(thrown).includes('ALREADY_EXISTS'))
      throw notRegistered(namespace, missing, thrown)
  }
  await known(services, { namespace, clock })
}

/** A server takes a moment to know what was registered. */
async function known(
  { workflowService }: AdminServices,
  { namespace, clock }: { readonly namespace: string; readonly clock: Clock },
): Promise<void> {
  const query = Object.values(searchAttributes)
    .map(({ name }) => `${name} IS NULL`)
    .join(' AND ')
  for (let tries = 1; ; tries++) {
    try {
      await workflowService.countWorkflowExecutions({ namespace, query })
      return
    } catch (thrown) {
      if (tries >= triesMax) throw notRegistered(namespace, Object.values(searchAttributes), thrown)
    }
    await new Promise<void>((resolve) => clock.after(tryEveryMs, resolve))
  }
}

function notRegistered(
  namespace: string,
  missing: readonly { readonly name: string; readonly type: keyof typeof typeWords }[],
  cause: unknown,
): OrchestrationError {
  const names = missing.map(({ name }) => name).join(', ')
  const commands = missing.map(({ name, type }) => `--name ${name} --type ${typeWords[type]}`)
  return new OrchestrationError(
    'StorageError',
    `namespace '${namespace}' of Temporal has no search attribute ${names}, and they could not be registered: ${messageOf(cause)}`,
    {
      cause,
      hint: `register them: temporal operator search-attribute create --namespace ${namespace} ${commands.join(' ')}`,
    },
  )
}
