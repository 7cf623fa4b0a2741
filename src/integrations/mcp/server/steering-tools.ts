import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { OrchestrationError } from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import type { WorkflowHost } from './workflow-host.ts'

/** A tool that looks at executions or steers one. */
export interface SteeringTool {
  readonly tool: Tool
  call(host: WorkflowHost, given: JsonObject): Promise<JsonValue>
}

const id = { type: 'string', description: 'Id of an execution' }
const text = { type: 'string' }

/** Names have an underscore, which no workflow's has. */
export const steeringTools: readonly SteeringTool[] = [
  {
    tool: tool('aura_list', 'Lists executions, newest first', {
      properties: { status: text, workflow: text },
      isReading: true,
    }),
    call: (host, given) =>
      host.list(Object.fromEntries(Object.keys(given).map((key) => [key, textOf(given, key)]))),
  },
  {
    tool: tool(
      'aura_show',
      'Shows how an execution stands: steps, output, errors, what it waits for',
      {
        properties: { executionId: id },
        required: ['executionId'],
        isReading: true,
      },
    ),
    call: async (host, given) =>
      (await host.show(textOf(given, 'executionId'))) as unknown as JsonValue,
  },
  steering('signal', 'Hands a signal with data to an execution that waits for it', {
    properties: { name: text, data: {} },
    required: ['name'],
  }),
  steering('resolve', 'Says what became of a step of which nobody knows whether it happened', {
    properties: {
      step: text,
      resolution: { type: 'string', enum: ['retry', 'succeed', 'fail'] },
      output: {},
    },
    required: ['step', 'resolution'],
  }),
  steering('pause', 'Begins nothing new in an execution until it is resumed'),
  steering('resume', 'Lets a paused execution go on'),
  steering('cancel', 'Stops an execution for good'),
]

interface Shape {
  readonly properties?: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  readonly isReading?: boolean
}

function steering(verb: string, description: string, shape: Shape = {}): SteeringTool {
  const { properties = {}, required = [] } = shape
  return {
    tool: tool(`aura_${verb}`, description, {
      properties: { executionId: id, ...properties },
      required: ['executionId', ...required],
    }),
    call(host, given) {
      const { executionId: _, ...body } = given
      return host.steer(textOf(given, 'executionId'), verb, body)
    },
  }
}

function tool(name: string, description: string, shape: Shape): Tool {
  const { properties = {}, required = [], isReading = false } = shape
  return {
    name,
    description,
    inputSchema: {
      type: 'object',
      properties: { ...properties },
      required: [...required],
      additionalProperties: false,
    },
    annotations: { readOnlyHint: isReading, openWorldHint: false },
  }
}

function textOf(given: JsonObject, key: string): string {
  const value = given[key]
  if (typeof value === 'string' && value !== '') return value
  throw new OrchestrationError('InputError', `'${key}' must be a text`)
}
