import { OrchestrationError } from '../../core/errors.ts'
import { health, openApi, readiness } from '../contract/process.ts'
import { openApiDocument } from '../open-api.ts'
import { operation, type Operation } from '../operation.ts'

const tag = 'process'

/** What anybody may ask of the process, without the token. */
export const processOperations: readonly Operation[] = [
  operation({
    id: 'health',
    method: 'GET',
    path: '/healthz',
    tag,
    summary: 'The process is alive',
    isPublic: true,
    answers: { 200: { description: 'It is.', schema: health } },
    handle: () => ({ status: 200, body: { status: 'ok' } }),
  }),
  operation({
    id: 'readiness',
    method: 'GET',
    path: '/readyz',
    tag,
    summary: 'Open executions were taken up, the file can be written, and the process stays',
    isPublic: true,
    answers: { 200: { description: 'It does its work.', schema: readiness } },
    problems: [503],
    handle({ options, isDraining }) {
      const { isReady, reason } = isDraining
        ? { isReady: false, reason: 'the server is going down' }
        : (options.readiness?.() ?? { isReady: true, reason: null })
      if (isReady) return { status: 200, body: { status: 'ready' } }
      throw new OrchestrationError('OwnerError', reason ?? 'not ready', { retryable: true })
    },
  }),
  operation({
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    tag,
    summary: 'Metrics for Prometheus',
    isPublic: true,
    answers: { 200: { description: 'Text format 0.0.4.', contentType: 'text/plain' } },
    async handle({ options: { metrics } }) {
      return { status: 200, body: await metrics.text(), contentType: metrics.contentType }
    },
  }),
  operation({
    id: 'openApi',
    method: 'GET',
    path: '/openapi.json',
    tag,
    summary: 'This description',
    isPublic: true,
    answers: { 200: { description: 'OpenAPI 3.1.', schema: openApi } },
    handle: ({ operations }) => ({ status: 200, body: openApiDocument(operations) }),
  }),
]
