import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import type { LangGraphRunnableConfig } from '@langchain/langgraph'
import { type BaseAgent, defineAgent } from '../../src/index.ts'
import { callAgent, defineGraph } from '../../src/integrations/langgraph/index.ts'

export interface BookingParts {
  /** Notes what happens: `book <key>`, `enter <node>`. */
  readonly happens: (what: string) => void
  /** What a node does between its call and its end. */
  readonly leave: (node: string) => Promise<void> | void
}

const state = Annotation.Root({
  trail: Annotation<unknown[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
})

/** The graph `booking` with the nodes `first` and `second`, and the ledger in which each books once. */
export function bookingAgents({ happens, leave }: BookingParts): readonly BaseAgent[] {
  const ledger = defineAgent({
    type: 'ledger',
    actions: {
      book: {
        effect: 'once',
        run: (_, { idempotencyKey }) => {
          happens(`book ${idempotencyKey}`)
          return idempotencyKey
        },
        lookup: async () => undefined,
      },
    },
  })
  const node = (name: string) => async (_: unknown, config: LangGraphRunnableConfig) => {
    happens(`enter ${name}`)
    const booked = await callAgent(config, { agent: 'ledger', action: 'book', input: {} })
    await leave(name)
    return { trail: [booked] }
  }
  const graph = new StateGraph(state)
    .addNode('first', node('first'))
    .addNode('second', node('second'))
    .addEdge(START, 'first')
    .addEdge('first', 'second')
    .addEdge('second', END)
    .compile()
  return [ledger, defineGraph({ name: 'booking', graph })]
}
