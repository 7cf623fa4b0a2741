import type { FastifyReply, FastifyRequest } from 'fastify'
import { messageOf, type OrchestrationError, ResourceExhaustionError } from '../core/errors.ts'
import { limits } from '../core/limits.ts'
import type { Logger } from '../core/logger.ts'
import { problemContentType, problemDetails } from './problem-details.ts'
import { Refusal, refusalOf, shownError } from './refusal.ts'

/** Answers with what was thrown, as a problem document; what is the server's own fault is logged. */
export function sendProblem(
  { request, reply, logger }: { request: FastifyRequest; reply: FastifyReply; logger: Logger },
  thrown: unknown,
): void {
  const error = ownError(thrown, request)
  const problem = problemDetails(
    error.toJSON(),
    error instanceof Refusal ? error.status : undefined,
  )
  if (problem.status >= 500 && problem.status !== 501 && !problem.retryable) {
    logger.log('error', 'a request failed', {
      requestId: request.id,
      method: request.method,
      path: request.url,
      error: messageOf(thrown),
    })
  }
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  if (problem.retryable && (problem.status === 429 || problem.status === 503)) {
    reply.header('retry-after', '1')
  }
  void reply.code(problem.status).type(problemContentType).send(JSON.stringify(problem))
}

function ownError(thrown: unknown, request: FastifyRequest): OrchestrationError {
  const { code, status } = frameworkFault(thrown)
  if (status === 413) {
    const bytesMax = request.routeOptions.bodyLimit ?? limits.payloadBytesMax
    const name = bytesMax > limits.payloadBytesMax ? 'documentBytesMax' : 'payloadBytesMax'
    const error = new ResourceExhaustionError(`the body is longer than ${bytesMax} bytes (${name})`)
    return refusalOf(413, error)
  }
  if (status >= 400 && status < 500) {
    const message = thrown instanceof Error ? thrown.message : code
    return new Refusal(status, 'UsageError', { message })
  }
  return shownError(thrown)
}

/** What the HTTP framework says of an error of its own; status 500 for anything else. */
function frameworkFault(thrown: unknown): { readonly code: string; readonly status: number } {
  if (typeof thrown !== 'object' || thrown === null) return { code: '', status: 500 }
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const status = 'statusCode' in thrown ? Number(thrown.statusCode) : 500
  return code.startsWith('FST_') ? { code, status } : { code, status: 500 }
}
