import type { Server } from '@modelcontextprotocol/sdk/server/index.js'
import type { CallToolRequest, CallToolResult } from '@modelcontextprotocol/sdk/types.js'
import type { Clock } from '../../../core/clock.ts'
import { isOrchestrationError, toErrorJson } from '../../../core/errors.ts'
import type { JsonObject, JsonValue } from '../../../core/json.ts'
import { nearestOrAll } from '../../../core/nearest.ts'
import type { McpServerSdk } from '../load.ts'
import { steeringTools } from './steering-tools.ts'
import type { ServedWorkflow, WorkflowHost } from './workflow-host.ts'
import { askedRun, runResult, workflowTool } from './workflow-tool.ts'

export interface McpServerOptions {
  readonly host: WorkflowHost
  readonly clock: Clock
  /** Version of Aura, for the handshake. */
  readonly version: string
  /** How long a call waits for its execution to end; what has not ended by then goes on, and is told as it stands. */
  readonly waitMs: number
}

/** What the SDK gives a handler besides the request. */
interface Extra {
  readonly signal: AbortSignal
  readonly _meta?: Readonly<Record<string, unknown>> & { readonly progressToken?: string | number }
  sendNotification(notification: {
    readonly method: 'notifications/progress'
    readonly params: {
      readonly progressToken: string | number
      readonly progress: number
      readonly total: number
      readonly message: string
    }
  }): Promise<void>
}

const endedStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])

/**
 * A server whose tools are workflows. A tool starts an execution of its workflow, waits for it and answers with its
 * output; one that failed or was cancelled is a result with `isError`. A call that is cancelled stops waiting; the
 * execution goes on.
 */
export function newServer(sdk: McpServerSdk, options: McpServerOptions): Server {
  const { host, version } = options
  const { CallToolRequestSchema, ListToolsRequestSchema } = sdk.types
  const server = new sdk.Server(
    { name: 'aura', version },
    {
      capabilities: { tools: {} },
      instructions:
        'Each tool that is named like a workflow runs it durably. Give executionId to be able to ask again; a call that comes back before the end names the execution. The tools aura_… look at executions and steer them.',
    },
  )
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      ...(await host.workflows()).map(workflowTool),
      ...steeringTools.map(({ tool }) => tool),
    ],
  }))
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
    callTool(sdk, options, { params, extra: extra as unknown as Extra }),
  )
  return server
}

interface Asked {
  readonly params: CallToolRequest['params']
  readonly extra: Extra
}

async function callTool(
  sdk: McpServerSdk,
  options: McpServerOptions,
  { params, extra }: Asked,
): Promise<CallToolResult> {
  const { host } = options
  const given = (params.arguments ?? {}) as JsonObject
  try {
    const steering = steeringTools.find(({ tool }) => tool.name === params.name)
    if (steering !== undefined) return textResult(await steering.call(host, given))
    const workflow = await servedWorkflow(sdk, host, params.name)
    const { _meta: meta } = extra
    const { executionId, input } = askedRun(workflow, given, meta)
    const started = await host.start(workflow.name, {
      input,
      ...(executionId === undefined ? {} : { executionId }),
    })
    return await settled(options, started, extra)
  } catch (thrown) {
    // What Aura refuses the model may correct; everything else is an error of the protocol.
    if (!isOrchestrationError(thrown)) throw thrown
    return { ...textResult(toErrorJson(thrown) as unknown as JsonValue), isError: true }
  }
}

/** @throws McpError (invalid params) for a tool that there is not */
async function servedWorkflow(
  sdk: McpServerSdk,
  host: WorkflowHost,
  name: string,
): Promise<ServedWorkflow> {
  const all = await host.workflows()
  const found = all.find((workflow) => workflow.name === name)
  if (found !== undefined) return found
  const known = [...all.map((one) => one.name), ...steeringTools.map(({ tool }) => tool.name)]
  const hint = nearestOrAll(name, known) ?? ''
  throw new sdk.types.McpError(
    sdk.types.ErrorCode.InvalidParams,
    `there is no tool '${name}'; ${hint}`,
  )
}

/** Waits for the end of an execution, for so long, and tells how it stands. */
async function settled(
  { host, clock, waitMs }: McpServerOptions,
  executionId: string,
  extra: Extra,
): Promise<CallToolResult> {
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const clear = clock.after(waitMs, stop)
  extra.signal.addEventListener('abort', stop, { once: true })
  const onChange = progressOf(host, executionId, extra)
  try {
    await host.follow(executionId, { signal: controller.signal, onChange })
  } finally {
    clear()
    extra.signal.removeEventListener('abort', stop)
  }
  const view = await host.show(executionId)
  const result = runResult(view)
  const hasEnded = endedStatuses.has(view.status)
  const hint = `not ended: ask with aura_show, or call again with executionId '${executionId}' and the same input to wait on`
  return {
    ...textResult(hasEnded ? result : { ...result, hint }),
    structuredContent: { ...result },
    isError: hasEnded && view.status !== 'completed',
  }
}

/** Tells progress to who asked for it: each time one more step is done. */
function progressOf(host: WorkflowHost, executionId: string, extra: Extra): () => void {
  const { _meta: meta } = extra
  const progressToken = meta?.progressToken
  if (progressToken === undefined) return () => {}
  let told = -1
  let isLooking = false
  const tell = async (): Promise<void> => {
    const { progress } = await host.show(executionId)
    if (progress.completed <= told || extra.signal.aborted) return
    told = progress.completed
    const message = `${progress.status}: ${progress.currentSteps.join(', ')}`
    await extra.sendNotification({
      method: 'notifications/progress',
      params: { progressToken, progress: told, total: progress.total, message },
    })
  }
  return () => {
    if (isLooking) return
    isLooking = true
    tell()
      .catch(() => {}) // whoever cannot be told of progress may still be told of the end
      .finally(() => {
        isLooking = false
      })
  }
}

function textResult(value: JsonValue): CallToolResult {
  return { content: [{ type: 'text', text: JSON.stringify(value) }] }
}
