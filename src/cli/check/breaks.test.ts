import { expect, test } from 'vitest'
import { readDocument } from '../../workflow/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import type { AgentLookup } from './break.ts'
import { triggeredBreaks, triggeredWorkflowBreaks, triggerInputBreaks } from './document-breaks.ts'
import { targetBreak, targetsOf } from './target-breaks.ts'

const agents: AgentLookup = {
  names: ['bank'],
  actionsOf: (agent) => (agent === 'bank' ? ['pay', 'refund'] : undefined),
  contract: () => undefined,
  hasModules: true,
}

function documentOf(text: string): WorkflowDocument {
  const { document, problems } = readDocument(`name: a\nversion: 1.0.0\n${text}`, {
    file: 'a.yaml',
  })
  if (document === null) throw new Error(JSON.stringify(problems))
  return document
}

const work = `steps:
  pay:
    agent: bank
    action: pay
    fallback: [{ agent: cash, action: take }]
    compensate: { agent: bank, action: refnd }
  nap: { sleep: 1s }
`

test('a step may call itself, its fallbacks and its compensation', () => {
  const { pay, nap } = documentOf(work).steps
  expect(targetsOf(pay as never).map(({ agent, as }) => `${agent} ${as}`)).toEqual([
    'bank call',
    'cash fallback',
    'bank compensation',
  ])
  expect(targetsOf(nap as never)).toEqual([])
})

test('what is missing is named with the nearest there is', () => {
  const at = { executionId: 'e-1', stepId: 'pay' }
  const found = targetsOf(documentOf(work).steps.pay as never).map((target) =>
    targetBreak(target, agents, at),
  )
  expect(found).toEqual([
    null,
    expect.objectContaining({
      ...at,
      kind: 'agentMissing',
      hint: expect.stringContaining('modules'),
    }),
    expect.objectContaining({ ...at, kind: 'actionMissing', hint: "did you mean 'refund'?" }),
  ])
})

test('a document without triggers starts nothing by itself, so nothing of it can be missing', () => {
  expect(triggeredBreaks(documentOf(work), agents)).toEqual([])
  const triggered = documentOf(`triggers: [{ event: x }]\n${work}`)
  expect(triggeredBreaks(triggered, agents).map(({ kind }) => kind)).toEqual([
    'agentMissing',
    'actionMissing',
  ])
})

test('a trigger whose fixed input does not fit the schema is a break; one that is only known later is not', () => {
  const document = documentOf(
    `input: { type: object, required: [disk], properties: { disk: { type: string } } }
triggers:
  - { schedule: "0 3 * * *", input: { disk: sda } }
  - { event: disk.full, input: { disk: "\${ event.data.disk }" } }
${work}`,
  )
  expect(triggerInputBreaks(document)).toEqual([])
  const [first, ...others] = document.triggers
  const changed = { ...document, triggers: [{ ...first, input: { disk: 7 } }, ...others] }
  expect(triggerInputBreaks(changed as WorkflowDocument)).toMatchObject([
    { executionId: null, kind: 'triggerInput', message: expect.stringContaining("'0 3 * * *'") },
  ])
})

test('what a trigger starts is to find its sub-workflows in the registry', () => {
  const steps =
    'steps:\n  a: { workflow: { name: chil } }\n  b: { workflow: { name: child, version: "2" } }\n'
  const known = ['1.0.0', '1.0.0', '1.1.0'].map((version) => ({ name: 'child', version }))
  expect(triggeredWorkflowBreaks(documentOf(steps), [])).toEqual([])
  const triggered = documentOf(`triggers: [{ event: x }]\n${steps}`)
  expect(triggeredWorkflowBreaks(triggered, known)).toMatchObject([
    { stepId: 'a', kind: 'workflowMissing', hint: "did you mean 'child'?" },
    { stepId: 'b', kind: 'workflowMissing', hint: 'there is 1.0.0, 1.1.0' },
  ])
  const both = [
    { name: 'chil', version: '1.0.0' },
    { name: 'child', version: '2.0.0' },
  ]
  expect(triggeredWorkflowBreaks(triggered, both)).toEqual([])
})
