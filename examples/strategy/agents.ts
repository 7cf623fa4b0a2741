// The decision tree beside this file as the agent `triage`.
import { readFileSync } from 'node:fs'
import { decisionTreeAgent, expectDecisionTree } from 'aura-orchestration'

const text = readFileSync(new URL('triage.yaml', import.meta.url), 'utf8')
export default [decisionTreeAgent(expectDecisionTree({ text }, 'triage.yaml'))]
