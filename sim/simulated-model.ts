import {
  type AskedModel,
  modelFaultNames,
  type ModelMove,
  type ScriptedModel,
  scriptedModel,
} from '../src/testing/scripted-model.ts'
import type { AgentWorld } from './agent-world.ts'
import { llmTokens, llmTokensMax } from './spending.ts'
import { callUnderWay } from './watched-agent.ts'

/** Everything that a model does wrong in the simulation: what scripts know by name, and what is no fault of its own. */
export const modelFaults: readonly string[] = [
  ...modelFaultNames.map((name) => `model ${name}`),
  'model wrongShape',
  'model wrongArguments',
  'model unknownTool',
]

type Maker = {
  doGenerate: (options: object) => Promise<object>
  doStream: (options: object) => Promise<object>
}

/** A language model that takes its time, uses tools and is faulty by the seed. An answer of any kind was paid. */
export function simulatedModel(world: AgentWorld): ScriptedModel {
  let move: ModelMove | null = null
  const scripted = scriptedModel((asked) => (move = moveOf(asked, world)))
  const maker = scripted as unknown as Maker
  const taking =
    (make: Maker['doGenerate']) =>
    async (options: object): Promise<object> => {
      await new Promise<void>((resolve) => {
        world.clock.after(10 * Math.floor(world.random() * 6), resolve)
      })
      const making = make(options)
      // What breaks off says to nobody what it has used.
      const isPaid = move === null || !('fault' in move) || move.fault !== 'dies'
      const made = await making
      if (isPaid) world.spent(callUnderWay(), 'llm', { tokens: llmTokens, tokensMax: llmTokensMax })
      return made
    }
  return Object.assign({}, scripted, {
    doGenerate: taking(maker.doGenerate),
    doStream: taking(maker.doStream),
  })
}

function moveOf(asked: AskedModel, { random, isQuiet, saw }: AgentWorld): ModelMove {
  const value = Math.floor(random() * 100)
  const answer: ModelMove = { json: { value, choice: value % 2 } }
  const used = asked.prompt.filter(({ role }) => role === 'tool').length
  const roll = random()
  if (!isQuiet() && roll < 0.27) {
    const fault = modelFaultNames[Math.floor((roll / 0.27) * modelFaultNames.length)]
    if (fault !== undefined) {
      saw(`model ${fault}`)
      return { fault }
    }
  }
  if (!isQuiet() && roll < 0.3) {
    saw('model wrongShape')
    return { json: { value: 'much' } }
  }
  if (asked.tools.length === 0 || used > 0 || roll > 0.75) return answer
  const pay = { name: 'pay', input: { amount: value } }
  if (isQuiet() || roll < 0.6) return { tools: roll < 0.4 ? [pay] : [pay, pay] }
  if (roll < 0.65) {
    saw('model wrongArguments')
    return { tools: [{ name: 'pay', input: roll < 0.63 ? '{ "half": ' : { amount: 'all' } }] }
  }
  if (roll > 0.7) return answer
  saw('model unknownTool')
  return { tools: [{ name: 'steal', input: {} }] }
}
