// A graph of agents that writes, reviews and writes again until the review is content:
//
//   node review.ts [DB]        (in a project that has the package and LangGraph installed)
//
// Run it twice with the same DB: the second run answers what the first one did, and calls nobody.
import { AgentRegistry, defineAgent } from 'aura-orchestration'
import { LangGraphOrchestrator, openCheckpointSaver } from 'aura-orchestration/langgraph'

const writer = defineAgent({
  type: 'writer',
  description: 'Writes drafts',
  capabilities: ['writing'],
  actions: {
    draft: {
      effect: 'idempotent',
      run: (input: { topic: string; advice?: string }, ctx) => {
        console.log(`${ctx.idempotencyKey}: drafting ${input.advice ?? 'from nothing'}`)
        return { text: `${input.topic}${input.advice === undefined ? '' : `, ${input.advice}`}` }
      },
    },
  },
})

const reviewer = defineAgent({
  type: 'reviewer',
  description: 'Reads drafts',
  capabilities: ['reviewing'],
  actions: {
    review: {
      effect: 'read',
      run: (input: { text: string }) =>
        input.text.includes(',')
          ? { verdict: 'good' }
          : { verdict: 'thin', advice: 'with an example' },
    },
  },
})

const agents = new AgentRegistry()
agents.register(writer)
agents.register(reviewer)
await agents.start()
const { saver, close } = await openCheckpointSaver({ db: process.argv[2] ?? 'review.db' })
const graphs = new LangGraphOrchestrator({ agents, saver })
const graphId = await graphs.createAgentGraph(
  [
    { nodeId: 'write', agentType: 'writer' },
    { nodeId: 'review', agentType: 'reviewer' },
  ],
  [
    { fromNode: '__start__', toNode: 'write' },
    { fromNode: 'write', toNode: 'review' },
    {
      fromNode: 'review',
      toNode: 'write',
      condition: ({ data, visits }) => data['verdict'] !== 'good' && (visits['write'] ?? 0) < 5,
    },
  ],
)
const run = await graphs.executeGraph(graphId, { topic: 'Checkpoints' }, { runId: 'review-1' })
console.log(JSON.stringify({ status: run.status, data: run.state?.data }))
close()
await agents.close()
