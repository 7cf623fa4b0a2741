import type { Tool } from '@modelcontextprotocol/sdk/types.js'
import { hashJson, isJsonObject, type JsonObject, type JsonValue } from '../../../core/json.ts'
import type { ShowView } from '../../../engine/index.ts'
import { idempotencyKeyMeta } from '../idempotency-key.ts'
import type { ServedWorkflow } from './workflow-host.ts'

/** The argument beside a workflow's own input that names the execution. */
const idArgument = 'executionId'

const idDescription =
  'Names the execution: a repeated call with the same id and input attaches to it instead of starting another. Default: a new one.'

const outputSchema: Tool['outputSchema'] = {
  type: 'object',
  required: ['executionId', 'status', 'output', 'error'],
  properties: {
    executionId: { type: 'string' },
    workflow: { type: 'string' },
    status: { type: 'string' },
    output: {},
    error: {},
    degraded: { type: 'array' },
    currentSteps: { type: 'array' },
  },
}

/** A workflow as a tool: its name, its input schema and `executionId`, the `run` object's main fields as result. */
export function workflowTool({ name, version, description, input }: ServedWorkflow): Tool {
  const properties = propertiesOf(input)
  const id = { [idArgument]: { type: 'string', description: idDescription } }
  return {
    name,
    description: `${description ?? `The workflow ${name}`} (workflow ${name}@${version}, durable)`,
    inputSchema: {
      ...input,
      type: 'object',
      properties: { ...id, ...properties },
    },
    outputSchema,
    annotations: { readOnlyHint: false, openWorldHint: true },
  }
}

/** What a call of a workflow's tool asks for. */
export interface AskedRun {
  readonly input: JsonObject
  /** Absent: a new one. */
  readonly executionId?: string
}

/** Reads the arguments of a call. Without an id of its own, a call that carries an idempotency key has one by that. */
export function askedRun(
  { input }: Pick<ServedWorkflow, 'input'>,
  given: JsonObject,
  meta: Readonly<Record<string, unknown>> | undefined,
): AskedRun {
  const key = meta?.[idempotencyKeyMeta]
  const byKey = typeof key === 'string' ? { executionId: `mcp-${hashJson(key).slice(0, 32)}` } : {}
  // A workflow that has an input of this name keeps it for itself.
  if (idArgument in propertiesOf(input)) return { input: given, ...byKey }
  const { [idArgument]: id, ...rest } = given
  return { input: rest, ...(typeof id === 'string' ? { executionId: id } : byKey) }
}

/** An execution as the result of a call. */
export function runResult(view: ShowView): JsonObject {
  const { executionId, workflow, status, output, error, degraded, currentSteps } = view
  return {
    executionId,
    workflow,
    status,
    output,
    error: error as JsonValue,
    degraded: degraded.map((one): JsonObject => ({ ...one })),
    currentSteps,
  }
}

function propertiesOf(input: JsonObject | null): JsonObject {
  const properties = input?.['properties'] ?? null
  return isJsonObject(properties) ? properties : {}
}
