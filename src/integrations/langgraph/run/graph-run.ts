import type { RunnableConfig } from '@langchain/core/runnables'
import type { BaseStore, Pregel } from '@langchain/langgraph'
import { type CallOutcome, normaliseJson } from '../../../agents/index.ts'
import { type TdaContext, unavailableTda } from '../../../core/contracts/tda.ts'
import {
  isOrchestrationError,
  messageOf,
  OrchestrationError,
  toErrorJson,
} from '../../../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import { limits } from '../../../core/limits.ts'
import type { AuraCheckpointSaver } from '../checkpoints/checkpoint-saver.ts'
import { type LangGraph, loadLangGraph } from '../load.ts'
import { type CallAgent, GraphCalls, withCalls } from './graph-calls.ts'
import { RunNotes } from './notes.ts'

/** Any compiled graph of LangGraph. */
// oxlint-disable-next-line typescript/no-explicit-any -- the parameters are the graph's own, of every kind
export type CompiledGraph = Pregel<any, any, any, any, any, any, any, any, any, any, any>

export interface RunGraphOptions {
  /** With or without a checkpointer of its own, which is not used. */
  readonly graph: CompiledGraph
  /** The idempotency key of the run; it is LangGraph's `thread_id`. */
  readonly key: string
  readonly input: JsonValue
  readonly saver: AuraCheckpointSaver
  /** For a graph that has no store of its own; null or absent: it has none. */
  readonly store?: BaseStore | null
  /** Makes the calls of agents. */
  readonly call: CallAgent
  /** The data that ended the run's suspension, with its token; null on a first call. */
  readonly resumed?: { readonly data: JsonValue; readonly resumeToken: JsonValue } | null
  readonly signal?: AbortSignal
  /** Default: unavailable. */
  readonly tda?: () => TdaContext
  /** Supersteps at most; default 1,000 (`graphSuperstepsMax`). */
  readonly maxSupersteps?: number
  /** The signal that an interrupt waits for which names none; default `resume`. */
  readonly signalName?: string
  /** Told what LangGraph streams, in the modes of `streamModes`; default none. */
  readonly onChunk?: (mode: string, chunk: unknown) => void
  readonly streamModes?: readonly StreamedMode[]
}

/** What may be streamed, in LangGraph's words. */
export type StreamedMode = 'values' | 'updates' | 'messages' | 'custom' | 'tasks' | 'debug'

/** The name of the note with the output of a run that has ended. */
const outputNote = 'output'

/**
 * Runs a compiled graph as one call: begins, goes on after a crash without repeating nodes that are done, or
 * goes on with the data of a signal. Every superstep is on disk before the next (durability `sync`). A run
 * that has ended answers what it answered before and executes nothing.
 *
 * An interrupt of the graph ends the call as `suspended`. It waits for the signal that its value names
 * (`interrupt({ signal, schema })`), else for `signalName`. Its value and id are in the token, which is to be
 * given back with the data. Of several pending interrupts one is waited for at a time.
 *
 * @throws UsageError when LangGraph is not installed. Everything else is an outcome; a damaged checkpoint is
 *   `failed` with StateConsistencyError
 */
export async function runGraph(options: RunGraphOptions): Promise<CallOutcome> {
  const langGraph = await loadLangGraph()
  try {
    return await run(options, langGraph)
  } catch (thrown) {
    return failed(options, langGraph, thrown)
  }
}

async function run(options: RunGraphOptions, langGraph: LangGraph): Promise<CallOutcome> {
  const { key, saver, signal = new AbortController().signal } = options
  const notes = await RunNotes.open(saver, key)
  const ended = notes.get(outputNote)
  if (ended !== undefined) return { kind: 'completed', output: ended }
  const graph = keptIn(options.graph, saver, options.store ?? null)
  const { interrupt } = langGraph
  const { call, tda = () => unavailableTda } = options
  const calls = new GraphCalls({ key, call, notes, interrupt, signal, tda })
  const config: RunnableConfig = { configurable: { thread_id: key, ...withCalls(calls) } }
  const next = await nextInput(graph, config, { options, langGraph })
  if (next.kind === 'waits') return next.outcome
  let values: unknown = null
  const stream = await graph.stream(next.input, {
    ...config,
    durability: 'sync',
    signal,
    recursionLimit: options.maxSupersteps ?? limits.graphSuperstepsMax,
    streamMode: [...new Set(['values' as const, ...(options.streamModes ?? [])])],
  })
  for await (const part of stream) {
    const [mode, chunk] = part as unknown as [StreamedMode, unknown]
    if (mode === 'values') values = chunk
    if (options.streamModes?.includes(mode) === true) options.onChunk?.(mode, chunk)
  }
  const waiting = await pendingInterrupts(graph, config)
  if (waiting.length > 0) return suspended(options, waiting[0] as Interrupted)
  const output = jsonOf(values, key)
  await notes.put(outputNote, output)
  await saver.trimThread(key, outputNote)
  return { kind: 'completed', output }
}

type Next =
  | { readonly kind: 'runs'; readonly input: unknown }
  | { readonly kind: 'waits'; readonly outcome: CallOutcome }

/** What LangGraph is given: the input, nothing to go on where it stood, or the data of a signal. */
async function nextInput(
  graph: CompiledGraph,
  config: RunnableConfig,
  { options, langGraph }: { options: RunGraphOptions; langGraph: LangGraph },
): Promise<Next> {
  const tuple = await options.saver.getTuple({ configurable: { thread_id: options.key } })
  if (tuple === undefined) return { kind: 'runs', input: options.input }
  const waiting = await pendingInterrupts(graph, config)
  const { resumed = null } = options
  const id = isJsonObject(resumed?.resumeToken) ? resumed.resumeToken['interruptId'] : null
  const answered = waiting.find((one) => one.id === id)
  if (answered !== undefined && resumed !== null) {
    const resume = { [answered.id]: resumed.data }
    return { kind: 'runs', input: new langGraph.Command({ resume }) }
  }
  // The process died after the interrupt and before its outcome was recorded, or another one waits too.
  const [first] = waiting
  if (first !== undefined && !waiting.some((one) => one.isAnswered))
    return { kind: 'waits', outcome: suspended(options, first) }
  return { kind: 'runs', input: null }
}

interface Interrupted {
  readonly id: string
  readonly value: unknown
  /** Its answer is on disk, and the node was to be executed anew when the process died. */
  readonly isAnswered: boolean
}

async function pendingInterrupts(
  graph: CompiledGraph,
  config: RunnableConfig,
): Promise<readonly Interrupted[]> {
  const state = await graph.getState(config)
  const tuple = await (graph.checkpointer as AuraCheckpointSaver).getTuple(config)
  const writes = tuple?.pendingWrites ?? []
  const wrote = (id: string, isMeant: (channel: string) => boolean): boolean =>
    writes.some(([taskId, channel]) => taskId === id && isMeant(channel))
  return state.tasks.flatMap((task) => {
    // A task that was answered and has ended still has its interrupt, until the others of its step have ended.
    if (wrote(task.id, (channel) => !openChannels.has(channel))) return []
    const isAnswered = wrote(task.id, (channel) => channel === resumeChannel)
    return task.interrupts.map(({ id, value }) => ({
      id: String(id),
      value: value as unknown,
      isAnswered,
    }))
  })
}

const resumeChannel = '__resume__'
/** What a task writes that has not ended. */
const openChannels: ReadonlySet<string> = new Set([resumeChannel, '__interrupt__', '__error__'])

function suspended(options: RunGraphOptions, { id, value }: Interrupted): CallOutcome {
  const asked = jsonOf(value, options.key)
  const named = isJsonObject(asked) ? asked : ({} as JsonObject)
  const signal = typeof named['signal'] === 'string' ? named['signal'] : null
  return {
    kind: 'suspended',
    signal: signal ?? options.signalName ?? 'resume',
    schema: isJsonObject(named['schema']) ? named['schema'] : null,
    resumeToken: { interruptId: id, value: asked },
  }
}

function failed(options: RunGraphOptions, langGraph: LangGraph, thrown: unknown): CallOutcome {
  if (isOrchestrationError(thrown)) {
    const kind = thrown.code === 'UnknownOutcomeError' ? 'unknown' : 'failed'
    return { kind, error: thrown.toJSON() }
  }
  if (thrown instanceof langGraph.GraphRecursionError) {
    const most = options.maxSupersteps ?? limits.graphSuperstepsMax
    const message = `the graph of ${options.key} did not end within ${most} supersteps (graphSuperstepsMax)`
    const hint = 'give its cycles a way out, or raise maxSupersteps'
    return {
      kind: 'failed',
      error: new OrchestrationError('RepeatLimitError', message, { hint }).toJSON(),
    }
  }
  if (options.signal?.aborted === true) {
    const message = `the graph of ${options.key} was aborted: ${messageOf(options.signal.reason)}`
    const error = new OrchestrationError('WorkflowCancelledError', message, { retryable: true })
    return { kind: 'failed', error: error.toJSON() }
  }
  return { kind: 'failed', error: toErrorJson(thrown) }
}

/** The same graph with another checkpointer and a store: graphs are shared, so the given one is left as it is. */
function keptIn(
  graph: CompiledGraph,
  saver: AuraCheckpointSaver,
  store: BaseStore | null,
): CompiledGraph {
  const copy = graph.withConfig({})
  copy.checkpointer = saver
  if (store !== null) copy.store ??= store
  return copy
}

function jsonOf(value: unknown, key: string): JsonValue {
  return normaliseJson(value, {
    what: `the output of the graph of ${key}`,
    bytesMax: limits.payloadBytesMax,
    code: 'AgentOutputError',
    retryable: false,
  })
}
