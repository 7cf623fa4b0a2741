import type { Client, WorkflowExecutionInfo } from '@temporalio/client'
import type { JsonObject } from '../../core/json.ts'
import type { DeadLetterFilter, DeadLetterView } from '../../engine/index.ts'
import type { RemoteExecutions, TaskQueues } from './remote-executions.ts'
import { metadataWord, searchAttributes } from './search-attributes.ts'
import { workflowType } from './wire.ts'

export interface ListFilter {
  readonly status?: string
  /** Name of a document. */
  readonly workflow?: string
  /** Every pair must be in the document's metadata; values compare as text. */
  readonly metadata?: Readonly<Record<string, string>>
  /** Newest first; default 1,000. */
  readonly limit?: number
}

/** An execution as a list shows it. */
export interface ListedExecution {
  readonly executionId: string
  readonly workflow: string
  readonly version: string
  readonly status: string
  readonly metadata: JsonObject
  readonly startedAtMs: number
  readonly endedAtMs: number | null
}

const limitDefault = 1_000

export interface ListingParts {
  readonly client: Client
  readonly taskQueue: string
  readonly taskQueues?: TaskQueues
  readonly executions: RemoteExecutions
}

/** Finds executions of a task queue by what Temporal has indexed of them, which follows what happens by moments. */
export class Listing {
  readonly #of: ListingParts

  constructor(of: ListingParts) {
    this.#of = of
  }

  /** Newest first. */
  async list({ status, workflow, metadata = {}, limit = limitDefault }: ListFilter = {}): Promise<
    readonly ListedExecution[]
  > {
    const wanted = [
      ...(status === undefined ? [] : [`${searchAttributes.status.name} = ${quoted(status)}`]),
      ...whereWorkflow(workflow),
      ...Object.entries(metadata).map(
        ([key, value]) => `${searchAttributes.metadata.name} = ${quoted(metadataWord(key, value))}`,
      ),
    ]
    const found = new Map<string, ListedExecution>()
    for await (const info of this.#infos(wanted)) {
      const listed = listedOf(info)
      if (found.has(listed.executionId) || !(await this.#isPresent(info, listed))) continue
      found.set(listed.executionId, listed)
      if (found.size >= limit) break
    }
    return Array.from(found.values())
  }

  /** Open dead letters, oldest first. */
  async deadLetters(filter: DeadLetterFilter): Promise<readonly DeadLetterView[]> {
    const { executionId, workflow, limit = limitDefault } = filter
    const { executions } = this.#of
    const ids = executionId === undefined ? await this.#withLetters(workflow) : [executionId]
    const letters: DeadLetterView[] = []
    if (executionId !== undefined && !(await executions.exists(executionId))) return letters
    for (const id of ids)
      letters.push(...(await executions.ask<readonly DeadLetterView[]>(id, 'deadLetters')))
    return letters.toSorted((a, b) => a.atMs - b.atMs).slice(0, limit)
  }

  async #withLetters(workflow: string | undefined): Promise<ReadonlySet<string>> {
    const ids = new Set<string>()
    const wanted = [`${searchAttributes.deadLetters.name} > 0`, ...whereWorkflow(workflow)]
    for await (const info of this.#infos(wanted)) ids.add(listedOf(info).executionId)
    return ids
  }

  #infos(wanted: readonly string[]): AsyncIterable<WorkflowExecutionInfo> {
    const { client, taskQueue, taskQueues } = this.#of
    const queues = (taskQueues?.all ?? [taskQueue]).map(quoted)
    const query = [
      `WorkflowType = '${workflowType}'`,
      `TaskQueue IN (${queues.join(', ')})`,
      `ExecutionStatus != 'ContinuedAsNew'`,
      ...wanted,
    ].join(' AND ')
    return client.workflow.list({ query })
  }

  /** A run that has ended may have been followed by another one, of which alone the status is true. */
  async #isPresent(
    { runId, closeTime }: WorkflowExecutionInfo,
    { executionId }: ListedExecution,
  ): Promise<boolean> {
    if (closeTime === undefined) return true
    return (await this.#of.executions.handle(executionId).describe()).runId === runId
  }
}

function listedOf(info: WorkflowExecutionInfo): ListedExecution {
  const { memo = {}, typedSearchAttributes, startTime, closeTime, workflowId } = info
  return {
    executionId: text(memo['executionId'], workflowId),
    workflow: text(memo['workflow'], ''),
    version: text(memo['version'], ''),
    status: text(typedSearchAttributes.get(searchAttributes.status), 'running'),
    metadata: (memo['metadata'] ?? {}) as JsonObject,
    startedAtMs: startTime.getTime(),
    endedAtMs: closeTime?.getTime() ?? null,
  }
}

function text(value: unknown, missing: string): string {
  return typeof value === 'string' ? value : missing
}

function whereWorkflow(workflow: string | undefined): readonly string[] {
  return workflow === undefined ? [] : [`${searchAttributes.workflow.name} = ${quoted(workflow)}`]
}

/** A text within a query of Temporal. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
