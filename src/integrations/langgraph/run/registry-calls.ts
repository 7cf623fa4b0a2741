import {
  type AgentRegistry,
  type BaseAgent,
  type CallOutcome,
  type Verdict,
  verdictOf,
} from '../../../agents/index.ts'
import type { TdaContext } from '../../../core/contracts/tda.ts'
import { OrchestrationError, ResourceExhaustionError } from '../../../core/errors.ts'
import type { JsonValue } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { CallAgent, GraphCall } from './graph-calls.ts'
import { NodePlaces } from './node-places.ts'
import type { RunNotes } from './notes.ts'

export interface RegistryCallsOptions {
  readonly agents: AgentRegistry
  readonly notes: RunNotes
  readonly executionId: string
  readonly tda: () => TdaContext
  /** Shared by all runs of the graph. */
  readonly places: NodePlaces
}

/**
 * Calls agents of a registry for a graph that runs outside of the engine. An outcome is on disk before the
 * graph sees it, and a call with effect `once` before it is made: after a crash it is looked up, and without a
 * lookup its outcome is `unknown`. Every other call that was lost is made again with the same key.
 */
export function registryCalls(options: RegistryCallsOptions): CallAgent {
  return async (call) => {
    const { agents, notes, places } = options
    const recorded = notes.get(`outcome:${call.key}`)
    if (recorded !== undefined) return recorded as unknown as CallOutcome
    const agent = agents.resolve(call.agent)
    const contract = agent?.contract(call.action)
    if (agent === undefined || contract === undefined) return unavailable(agents, agent, call)
    const started = `started:${call.key}`
    if (contract.effect === 'once') {
      const found = notes.get(started) === true ? await lost(agent, call) : null
      if (found !== null) return found.kind === 'unknown' ? found : recordedAs(notes, call, found)
      await notes.put(started, true)
    }
    const release = await places.take(call)
    const outcome = await inPool(agent, () => invoked(options, agent, call)).finally(release)
    if (outcome.kind === 'suspended') await notes.put(started, false)
    if (outcome.kind === 'completed' || outcome.kind === 'failed')
      return recordedAs(notes, call, outcome)
    return outcome
  }
}

async function recordedAs(
  notes: RunNotes,
  call: GraphCall,
  outcome: CallOutcome,
): Promise<CallOutcome> {
  await notes.put(`outcome:${call.key}`, outcome as unknown as JsonValue)
  return outcome
}

/** What became of a `once` call that the last process made; null when it never happened. */
async function lost(agent: BaseAgent, call: GraphCall): Promise<CallOutcome | null> {
  const contract = agent.contract(call.action)
  const message = `the process ended during ${call.agent}.${call.action} (${call.key}), whose effect is once`
  const error = new OrchestrationError('UnknownOutcomeError', message, {
    hint: 'give the action a lookup, by which its outcome can be asked for',
  }).toJSON()
  if (contract?.hasLookup !== true) return { kind: 'unknown', error }
  const outcome = await agent.lookup(call.action, call.key)
  if (outcome.kind === 'never') return null
  if (outcome.kind === 'unknown') return { kind: 'unknown', error: outcome.error ?? error }
  return { kind: 'completed', output: outcome.output }
}

function invoked(
  { executionId, tda }: RegistryCallsOptions,
  agent: BaseAgent,
  call: GraphCall,
): Promise<CallOutcome> {
  return new Promise((resolve) => {
    const asked = {
      input: call.input,
      executionId,
      stepId: call.settings?.place ?? call.key,
      index: null,
      attempt: 1,
      idempotencyKey: call.key,
      timeoutMs: call.settings?.timeoutMs ?? null,
      correlationId: executionId,
      tda: tda(),
      budget: { agentCallsLeft: null, tokensLeft: null, costUsdLeft: null },
      resumed: call.resumed,
    }
    const abort = (): void => running.abort('the graph was aborted')
    const running = agent.invoke(call.action, asked, (outcome) => {
      call.signal.removeEventListener('abort', abort)
      resolve(outcome)
    })
    if (call.signal.aborted) abort()
    else call.signal.addEventListener('abort', abort)
  })
}

/** Runs `work` while it holds a place of the agent's pool. */
async function inPool(agent: BaseAgent, work: () => Promise<CallOutcome>): Promise<CallOutcome> {
  const { pool } = agent
  const { promise, resolve } = Promise.withResolvers<'granted' | 'open'>()
  const asked = pool.acquire(resolve)
  const answer = asked === 'queued' ? await promise : asked
  if (answer === 'open' && pool.breaker !== null)
    return { kind: 'failed', error: pool.breaker.refusal() }
  if (answer !== 'granted') {
    const message = `agent '${agent.id}' has no room: ${pool.queueMax} calls wait (queueMax)`
    const error = new ResourceExhaustionError(message, { retryable: true })
    return { kind: 'failed', error: error.toJSON() }
  }
  let verdict: Verdict = 'none'
  try {
    const outcome = await work()
    verdict = verdictOf(outcome)
    return outcome
  } finally {
    pool.release(verdict)
  }
}

function unavailable(
  agents: AgentRegistry,
  agent: BaseAgent | undefined,
  { agent: name, action }: GraphCall,
): CallOutcome {
  const what = agent === undefined ? `no agent '${name}'` : `agent '${name}' has no '${action}'`
  const hint = agent === undefined ? nearestOrAll(name, agents.names()) : agent.actions.join(', ')
  const error = new OrchestrationError('AgentUnavailableError', what, hint === null ? {} : { hint })
  return { kind: 'failed', error: error.toJSON() }
}
