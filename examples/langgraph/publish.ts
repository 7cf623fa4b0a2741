import { Annotation, END, interrupt, START, StateGraph } from '@langchain/langgraph'
import { defineAgent } from 'aura-orchestration'
import { callAgent, defineGraph } from 'aura-orchestration/langgraph'

const press = defineAgent({
  type: 'press',
  description: 'Publishes notes',
  actions: {
    publish: {
      effect: 'once',
      run: (input: { text: string }, ctx) => ({ text: input.text, receipt: ctx.idempotencyKey }),
    },
  },
})

const state = Annotation.Root({
  topic: Annotation<string>,
  draft: Annotation<string>,
  published: Annotation<unknown>,
})

const note = new StateGraph(state)
  .addNode('write', ({ topic }) => ({ draft: `What is known of ${topic}.` }))
  .addNode('review', ({ draft }) => {
    const { approved } = interrupt({ signal: 'review', draft })
    if (approved !== true) throw Object.assign(new Error('refused'), { retryable: false })
    return {}
  })
  .addNode('publish', async ({ draft }, config) => ({
    published: await callAgent(config, {
      agent: 'press',
      action: 'publish',
      input: { text: draft },
    }),
  }))
  .addEdge(START, 'write')
  .addEdge('write', 'review')
  .addEdge('review', 'publish')
  .addEdge('publish', END)
  .compile()

export default [press, defineGraph({ name: 'note', graph: note })]
