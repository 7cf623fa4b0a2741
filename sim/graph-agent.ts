import { type AgentContext, type BaseAgent, defineAgent, suspend } from '../src/agents/index.ts'
import { AgentCommunicationError } from '../src/core/errors.ts'
import type { JsonObject, JsonValue } from '../src/core/json.ts'
import type { AgentWorld } from './agent-world.ts'

/** What is on disk of one run of a graph: which nodes are done, and the numbers of its calls. */
export interface Thread {
  readonly done: Map<string, JsonValue>
  readonly numbers: Map<string, number>
}

/**
 * What a `graph:` step is to the engine: an agent whose call makes calls of its own, goes on after a crash at the
 * nodes that are not done, and may wait for a signal. LangGraph itself has timers and threads of its own, which no
 * virtual clock moves, so its place is taken by two supersteps: two nodes at once, then one that may interrupt.
 */
export function simulatedGraph(world: AgentWorld): BaseAgent {
  const run = async (_input: JsonValue, context: AgentContext): Promise<unknown> => {
    const thread = threadOf(world, context.idempotencyKey)
    const node = async (name: string, work: () => Promise<JsonValue>): Promise<JsonValue> => {
      const before = thread.done.get(name)
      if (before !== undefined) return before
      const output = await work()
      await passes(world)
      thread.done.set(name, output)
      return output
    }
    const call = (slot: string, agent: string): Promise<JsonValue> =>
      callOnce(thread, { slot, agent, context })
    const [paid] = await Promise.all([
      node('pay', async () => {
        await call('pay:1', 'payer')
        breaks(world)
        return call('pay:2', 'reader')
      }),
      node('write', () => call('write:1', 'writer')),
    ])
    if (context.resumed === null && world.random() < 0.3) {
      world.saw('graph interrupt')
      return suspend({ signal: 'go', resumeToken: context.stepId })
    }
    return node('end', async () => {
      breaks(world)
      const { value = null, choice = null } = paid as JsonObject
      await call('end:1', 'blind')
      return { value, choice }
    })
  }
  return defineAgent({ type: 'graph.note', actions: { run: { effect: 'idempotent', run } } })
}

/** The number of a call is kept before it is made. */
async function callOnce(
  { numbers }: Thread,
  of: { readonly slot: string; readonly agent: string; readonly context: AgentContext },
): Promise<JsonValue> {
  const number = numbers.get(of.slot) ?? numbers.size + 1
  numbers.set(of.slot, number)
  return of.context.call(of.agent, 'do', { slot: of.slot }, { number })
}

function threadOf({ threads }: AgentWorld, key: string): Thread {
  const thread = threads.get(key) ?? { done: new Map(), numbers: new Map() }
  threads.set(key, thread)
  return thread
}

function breaks({ random, isQuiet, saw }: AgentWorld): void {
  if (isQuiet() || random() >= 0.15) return
  saw('graph nodeFails')
  throw new AgentCommunicationError('the node lost its connection', { retryable: true })
}

/** A superstep is written down; what has died writes nothing. */
function passes({ clock }: AgentWorld): Promise<void> {
  return new Promise((resolve) => {
    clock.after(10, resolve)
  })
}
