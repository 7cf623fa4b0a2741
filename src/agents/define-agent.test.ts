import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import type { AgentDefinition } from './agent-definition.ts'
import { BaseAgent, isAgent } from './base-agent.ts'
import { defineAgent } from './define-agent.ts'

test('the input of run has the type that its own schema gives', () => {
  const agent = defineAgent({
    type: 'ledger',
    actions: {
      append: {
        effect: 'once',
        input: z.object({ amount: z.number(), note: z.string().default('') }),
        run: async (input, context) => {
          expectTypeOf(input).toEqualTypeOf<{ amount: number; note: string }>()
          expectTypeOf(context.attempt).toBeNumber()
          return input.amount
        },
      },
      free: {
        effect: 'read',
        run: (input) => {
          expectTypeOf(input).toEqualTypeOf<JsonValue | object>()
          return input
        },
      },
      stated: {
        effect: 'read',
        input: { type: 'object' },
        run: (input: { n: number }) => input.n,
      },
    },
  })
  expect(isAgent(agent)).toBe(true)
  expect(agent.actions).toEqual(['append', 'free', 'stated'])
})

test('id and version have defaults', () => {
  const agent = defineAgent({ type: 'ledger', actions: { a: { effect: 'read', run: () => 1 } } })
  expect([agent.id, agent.type, agent.version, agent.description]).toEqual([
    'ledger',
    'ledger',
    '0.0.0',
    null,
  ])
})

test('the url of an HTTP agent is its address unless the configuration moves it', () => {
  const actions = { a: { effect: 'read' as const } }
  const url = 'http://one.example'
  const moved = { communicationConfig: { address: 'http://two.example' } }
  expect(defineAgent({ type: 'x', url, actions }).config.communicationConfig).toEqual({
    transport: 'http',
    address: url,
  })
  expect(
    defineAgent({ type: 'x', url, actions, config: moved }).config.communicationConfig.address,
  ).toBe('http://two.example')
})

const run = (): number => 1
const ok = { a: { effect: 'read', run } }
test.each([
  [{ type: 'x', actions: ok, capabilites: [] }, "unknown key 'capabilites'", "'capabilities'"],
  [{ type: 'x', actions: { a: { efect: 'read', run } } }, "unknown key 'efect'", "'effect'"],
  [{ type: 'x', actions: { a: { run } } }, 'effect is missing', 'read, idempotent, once'],
  [{ type: 'x', actions: { a: { effect: 'twice', run } } }, 'effect is "twice"', ''],
  [{ type: 'x', actions: { a: { effect: 'read' } } }, 'run must be a function', 'url'],
  [{ type: 'x', url: 'http://x', actions: ok }, 'an HTTP agent has no run', ''],
  [
    { type: 'x', url: 'http://x', actions: { a: { effect: 'once', lookup: run } } },
    'no lookup function',
    'lookup: true',
  ],
  [{ type: 'x', lookup: true, actions: ok }, 'is for HTTP agents', 'lookup function'],
  [{ type: 'x', actions: { a: { ...ok.a, lookup: true } } }, 'lookup must be a function', ''],
  [{ type: 'x', actions: {} }, 'it has no action', ''],
  [{ type: 'x', actions: [] }, 'actions must be an object', ''],
  [{ type: 'x', actions: { 'a b': ok.a } }, "action 'a b'", ''],
  [{ type: 'x', actions: { a: null } }, 'it must be an object', ''],
  [{ type: 'a b', actions: ok }, 'agentType', ''],
  [{ actions: ok }, 'type is missing', ''],
  [{ type: 'x', version: 1, actions: ok }, 'version must be a text', ''],
  [{ type: 'x', id: 'y', config: { agentId: 'z' }, actions: ok }, "config.agentId is 'z'", ''],
  [
    { type: 'x', config: { resourceLimit: {} }, actions: ok },
    "unknown key 'resourceLimit'",
    "'resourceLimits'",
  ],
  [
    { type: 'x', actions: { a: { ...ok.a, input: { type: 'objekt' } } } },
    'no valid JSON Schema',
    '',
  ],
  [{ type: 'x', actions: { a: { ...ok.a, output: 'text' } } }, 'output of x.a is no schema', ''],
  [null, 'must be an object', ''],
])('a wrong definition is refused: %j', (definition, message, hint) => {
  let refused: unknown
  try {
    refused = new BaseAgent(definition as unknown as AgentDefinition).id
  } catch (error) {
    refused = error
  }
  expect(refused).toMatchObject({
    code: 'AgentModuleError',
    message: expect.stringContaining(message),
  })
  expect((refused as { hint: string | null }).hint ?? '').toContain(hint)
})

function hashOf(
  version: string,
  input: z.ZodType | undefined,
  description?: string,
): string | undefined {
  return new BaseAgent({
    type: 'x',
    version,
    ...(description === undefined ? {} : { description }),
    actions: { a: { effect: 'once', run, ...(input === undefined ? {} : { input }) } },
  }).contract('a')?.hash
}

test('the contract hash changes with version and schemas and with nothing else', () => {
  const base = hashOf('1.0.0', z.object({ n: z.number() }))
  expect(base).toMatch(/^[0-9a-f]{12}$/)
  expect(hashOf('1.0.0', z.object({ n: z.number() }), 'other words')).toBe(base)
  expect(hashOf('1.0.1', z.object({ n: z.number() }))).not.toBe(base)
  expect(hashOf('1.0.0', z.object({ n: z.string() }))).not.toBe(base)
  expect(hashOf('1.0.0', undefined)).not.toBe(base)
})
