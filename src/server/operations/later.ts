import { operation, type Operation } from '../operation.ts'
import { notOffered } from '../refusal.ts'

const later: readonly (readonly [method: 'GET', path: string])[] = [
  ['GET', '/v1/tda/patterns'],
  ['GET', '/v1/tda/anomalies'],
  ['GET', '/v1/audit'],
]

/** Paths that are promised and that this release does not serve. */
export const laterOperations: readonly Operation[] = later.map(([method, path]) =>
  operation({
    id: `later${path.replace(/[^a-z]+(.)/g, (_, first: string) => first.toUpperCase())}`,
    method,
    path,
    tag: 'later',
    summary: 'Not yet in this release',
    answers: {},
    problems: [501],
    handle() {
      throw notOffered(
        `${method} ${path} is not yet in this release`,
        '`/openapi.json` says what is',
      )
    },
  }),
)
