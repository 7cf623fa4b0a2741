import { OrchestrationError } from '../../core/errors.ts'
import type { ListedRow } from '../api-server-options.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'
import { pageLimitDefault } from '../contract/components.ts'
import {
  execution,
  executionList,
  executionParams,
  executionsQuery,
  executionStatuses,
} from '../contract/executions.ts'
import { operation, type Operation } from '../operation.ts'

const tag = 'executions'
const metaPrefix = 'meta.'

/** Looking at executions. */
export const executionOperations: readonly Operation[] = [
  operation({
    id: 'listExecutions',
    method: 'GET',
    path: '/v1/executions',
    tag,
    summary: 'Executions, newest first',
    query: executionsQuery,
    answers: { 200: { description: 'A page of them.', schema: executionList } },
    async handle({ options }, { query }) {
      const { status, workflow, cursor, limit = pageLimitDefault, ...others } = query
      const metadata = metadataOf(others)
      const rows = await options.list({
        ...(status === undefined ? {} : { status }),
        ...(workflow === undefined ? {} : { workflow }),
        ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
        ...(cursor === undefined ? {} : { before: beforeOf(cursor) }),
        // One more than is shown tells whether there are more.
        limit: limit + 1,
      })
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      const nextCursor = last === undefined ? null : encodeCursor(last.execution)
      return { status: 200, body: { executions: shown.map(listedExecution), nextCursor } }
    },
  }),
  operation({
    id: 'getExecution',
    method: 'GET',
    path: '/v1/executions/{id}',
    tag,
    summary: 'One execution, as `aura show` prints it',
    params: executionParams,
    answers: { 200: { description: 'How it stands.', schema: execution } },
    problems: [404],
    handle: async ({ options }, { params }) => ({
      status: 200,
      body: await options.engine.getExecution(params.id),
    }),
  }),
]

/** One execution of a list, as `aura ls --json` shows it. */
function listedExecution(row: ListedRow): object {
  const { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs } = row
  return { executionId, workflow, version, status, metadata, startedAtMs, endedAtMs }
}

function metadataOf(others: Readonly<Record<string, string>>): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [key, value] of Object.entries(others)) {
    if (!key.startsWith(metaPrefix) || key === metaPrefix) {
      throw new OrchestrationError('InputError', `query.${key}: there is no such filter`, {
        hint: `use status (${executionStatuses.join(' ')}), workflow, meta.<key>, cursor or limit`,
      })
    }
    metadata[key.slice(metaPrefix.length)] = value
  }
  return metadata
}

function beforeOf(cursor: string): number {
  const execution = decodeCursor(cursor)
  if (typeof execution === 'number' && Number.isSafeInteger(execution)) return execution
  throw new OrchestrationError('InputError', `query.cursor: '${cursor}' is no cursor of this list`)
}
