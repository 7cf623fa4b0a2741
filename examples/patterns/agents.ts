import { defineAgent } from 'aura-orchestration'

interface Draft {
  readonly text: string
}
interface Proposal {
  readonly proposal: string
}

/** A reviewer that looks for one thing, and says how sure it is. */
function reviewer(type: string, sign: RegExp, weight: number) {
  return defineAgent({
    type,
    description: `Reviews proposals: ${type}`,
    capabilities: ['review'],
    actions: {
      review: {
        effect: 'read',
        run: ({ proposal }: Proposal) => ({
          verdict: sign.test(proposal) ? 'reject' : 'accept',
          confidence: weight,
          reason: sign.test(proposal) ? `it says ${sign.source}` : 'nothing against it',
        }),
      },
    },
  })
}

/** What a supervisor is asked with; see docs/patterns.md. */
interface Asked {
  readonly phase: 'plan' | 'review'
  readonly task: { readonly topics: readonly string[] }
  readonly workers: readonly string[]
  readonly assignments: readonly { readonly status: string; readonly output: Draft }[]
}

export default [
  defineAgent({
    type: 'writer',
    description: 'Writes and improves texts',
    capabilities: ['writing'],
    actions: {
      edit: { effect: 'read', run: ({ text }: Draft) => ({ text: text.trim() }) },
      research: {
        effect: 'read',
        run: ({ topic }: { topic: string }) => ({ text: `What is known of ${topic}.` }),
      },
      measure: {
        effect: 'read',
        run: ({ text }: Draft) => ({ text, words: text.split(/\s+/).length }),
      },
    },
  }),
  defineAgent({
    type: 'proofreader',
    description: 'Corrects texts',
    capabilities: ['writing'],
    actions: {
      edit: {
        effect: 'read',
        run: ({ text }: Draft) => ({ text: text.replace(/^./, (first) => first.toUpperCase()) }),
      },
      measure: { effect: 'read', run: ({ text }: Draft) => ({ text, words: text.length }) },
    },
  }),
  defineAgent({
    type: 'publisher',
    description: 'Gives texts their form',
    capabilities: ['publishing'],
    actions: { edit: { effect: 'read', run: ({ text }: Draft) => ({ text: `${text}.` }) } },
  }),
  defineAgent({
    type: 'editor',
    description: 'Plans a report and joins what its writers find out',
    capabilities: ['planning'],
    actions: {
      research: {
        effect: 'read',
        run: ({ phase, task, workers, assignments }: Asked) => {
          const agent = workers[0] ?? ''
          if (phase === 'plan')
            return { assignments: task.topics.map((topic) => ({ agent, input: { topic } })) }
          const texts = assignments.map(({ output }) => output.text)
          return { done: true, output: { report: texts.join(' ') } }
        },
      },
    },
  }),
  reviewer('security', /password/, 0.9),
  reviewer('legal', /guarantee/, 0.6),
  reviewer('style', /very/, 0.4),
]
