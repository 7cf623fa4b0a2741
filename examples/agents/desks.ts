import { defineAgent } from 'aura-orchestration'

const answer = {
  effect: 'read',
  run: (input: { task: string }) => ({ answered: input.task }),
} as const

/** The same words, for one desk while an anomaly is in force and for the other when all is calm. */
const unclear = [
  'the checkout is slow',
  'customers see errors',
  'the shop does not answer',
  'payments take long today',
  'something is wrong with the site',
]

/** For support, whatever happens in the metrics. */
const questions = [
  'how do I reset my password',
  'where do I find my orders',
  'can I change my address',
  'how do I cancel an order',
]

export default [
  defineAgent({
    type: 'incident-desk',
    description: 'Looks after failures of services and servers',
    examples: [
      ...unclear.map((text) => ({ text, anomalySeverity: 0.8 })),
      'page whoever is on call',
      'the data center has lost power',
    ],
    actions: { answer },
  }),
  defineAgent({
    type: 'support-desk',
    description: 'Answers questions of customers',
    examples: [
      ...unclear.map((text) => ({ text, anomalySeverity: 0 })),
      ...questions.map((text) => ({ text, anomalySeverity: 0.8 })),
      ...questions.map((text) => ({ text, anomalySeverity: 0 })),
    ],
    actions: { answer },
  }),
]
