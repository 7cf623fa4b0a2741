import type { AgentCard } from '@a2a-js/sdk'
import {
  type ActionDefinition,
  type AgentSettings,
  BaseAgent,
  type Effect,
  type Schema,
} from '../../../agents/index.ts'
import { type Clock, systemClock } from '../../../core/clock.ts'
import { OrchestrationError } from '../../../core/errors.ts'
import { limits } from '../../../core/limits.ts'
import { loadA2aClient } from '../load.ts'
import { RemoteAgent } from './remote-agent.ts'
import { TaskTransport } from './task-transport.ts'

/** One thing that a remote agent is asked for. */
export interface A2aAction {
  /** What a second message means; default `once`. */
  readonly effect?: Effect
  /** Of the call's input: its `text` is sent as words, everything else as data. */
  readonly input?: Schema
  /** Of `{ taskId, contextId, text, data, artifacts }`. */
  readonly output?: Schema
  /** Named in the message's metadata as `skill`; default none. */
  readonly skill?: string
}

/** What an agent is made from that is called over A2A. */
export interface A2aAgentOptions {
  /** Kind of agent, as of `defineAgent`. */
  readonly type: string
  /** Default: the type. */
  readonly id?: string
  /** Base URL, below which `/.well-known/agent-card.json` is the card; or the card's own URL, ending in `.json`. */
  readonly url: string
  /** Default: an action for each skill of the card, which is fetched for it at once; with `effect` `once`. */
  readonly actions?: { readonly [name: string]: A2aAction }
  /** Default: what the card says, where it is fetched. */
  readonly description?: string
  readonly capabilities?: readonly string[]
  /** Sent with every request, credentials for instance. */
  readonly headers?: Readonly<Record<string, string>>
  /** Whether the agent keeps its tasks on disk, so that one it does not know never was. Default false. */
  readonly durableTasks?: boolean
  /** Signal that a call waits for whose task requires input; default `<id>-input`. */
  readonly inputSignal?: string
  /** How often a task is looked at that is not streamed; default 1,000. */
  readonly pollMs?: number
  /** How long a task may be out of reach before its call is given up; default 30,000. */
  readonly patienceMs?: number
  /** Limits and observability, as of `defineAgent`. */
  readonly config?: AgentSettings
  readonly clock?: Clock
}

const pollMsDefault = 1_000
const patienceMsDefault = 30_000
const actionNameCharactersMax = 100

/**
 * Makes an agent of a remote A2A agent (protocol 1.0). A call is a message whose id and context are its
 * idempotency key; its task is followed, by stream or by looking, until it has ended, and cancelled when the call
 * is given up. A task that requires input suspends the call until `inputSignal`, whose data then go to the same
 * task. After a crash the task is found again by its context, so `once` holds where the agent remembers its tasks.
 *
 * The output is `{ taskId, contextId, text, data, artifacts }`: all words, the first structured value or null, and
 * everything as it came.
 *
 * @throws AgentModuleError for a wrong definition; AgentCommunicationError when the card is needed and cannot be
 *   had; UsageError when the SDK is not installed
 */
export async function a2aAgent(options: A2aAgentOptions): Promise<BaseAgent> {
  const { type, id = type, url, headers = {}, config, capabilities } = options
  checkUrl(url, id)
  const sdk = await loadA2aClient()
  const bytesMax = config?.resourceLimits?.payloadBytesMax ?? limits.payloadBytesMax
  const remote = new RemoteAgent({
    sdk,
    url,
    headers,
    // Wide enough that what is over the payload's limit is refused by that.
    answerBytesMax: 4 * bytesMax,
    pollMs: options.pollMs ?? pollMsDefault,
    patienceMs: options.patienceMs ?? patienceMsDefault,
    clock: options.clock ?? systemClock,
  })
  const card =
    options.actions === undefined ? await (await remote.client()).getAgentCard() : undefined
  const actions = options.actions ?? actionsOf(card)
  const description = options.description ?? card?.description
  const named = Object.entries(actions).flatMap(([name, { skill }]) =>
    skill === undefined ? [] : [[name, skill] as const],
  )
  return new BaseAgent(
    {
      type,
      id,
      ...(card?.version ? { version: card.version } : {}),
      ...(description ? { description } : {}),
      ...(capabilities === undefined ? {} : { capabilities }),
      ...(config === undefined ? {} : { config }),
      lookup: true,
      actions: Object.fromEntries(
        Object.entries(actions).map(([name, action]) => [name, definitionOf(action)]),
      ),
    },
    new TaskTransport({
      sdk,
      remote,
      skills: new Map(named),
      signal: options.inputSignal ?? `${id}-input`,
      hasDurableTasks: options.durableTasks ?? false,
    }),
  )
}

function definitionOf({ effect = 'once', input, output }: A2aAction): ActionDefinition {
  return {
    effect,
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  }
}

function actionsOf(card: AgentCard | undefined): Readonly<Record<string, A2aAction>> {
  const skills = card?.skills ?? []
  return Object.fromEntries(skills.map(({ id }) => [actionName(id), { skill: id }]))
}

function actionName(skill: string): string {
  const plain = skill.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, actionNameCharactersMax)
  return /^[A-Za-z]/.test(plain) ? plain : `s${plain}`.slice(0, actionNameCharactersMax)
}

function checkUrl(url: unknown, id: string): void {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed !== null && /^https?:$/.test(parsed.protocol)) return
  throw new OrchestrationError(
    'AgentModuleError',
    `agent '${id}': '${String(url)}' is no http or https URL`,
  )
}
