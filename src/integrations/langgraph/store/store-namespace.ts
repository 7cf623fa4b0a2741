import type { ListNamespacesOperation, MatchCondition } from '@langchain/langgraph-checkpoint'
import { OrchestrationError } from '../../../core/errors.ts'

const lengthMax = 200

/** @throws InputError for labels that LangGraph does not allow, or more than 200 characters */
export function checkedNamespace(labels: readonly string[]): readonly string[] {
  const isRight = Array.isArray(labels) && labels.every(isLabel)
  if (isRight && labels.join('.').length <= lengthMax) return labels
  const what = `namespace ${JSON.stringify(labels)?.slice(0, lengthMax + 20)}`
  throw new OrchestrationError('InputError', `${what} is no list of labels`, {
    hint: `labels are texts without dots and control characters, together at most ${lengthMax} characters`,
  })
}

/** The one text of a namespace. @throws InputError also for an empty one */
export function namespaceText(labels: readonly string[]): string {
  if (checkedNamespace(labels).length > 0) return labels.join('.')
  throw new OrchestrationError('InputError', 'a namespace has at least one label')
}

/** The namespaces that an operation asks for: matched, cut to `maxDepth`, each once, by name. */
export function listedNamespaces(
  all: readonly (readonly string[])[],
  { matchConditions = [], maxDepth, limit, offset }: ListNamespacesOperation,
): string[][] {
  const cut = all
    .filter((labels) => matchConditions.every((condition) => isMatch(labels, condition)))
    .map((labels) => labels.slice(0, maxDepth ?? labels.length))
  return [...new Map(cut.map((labels) => [labels.join('.'), labels])).values()]
    .toSorted((a, b) => (a.join('.') < b.join('.') ? -1 : 1))
    .slice(offset, offset + limit)
}

function isMatch(labels: readonly string[], { matchType, path }: MatchCondition): boolean {
  if (path.length > labels.length) return false
  const part = matchType === 'prefix' ? labels : labels.slice(labels.length - path.length)
  return path.every((label, place) => label === '*' || label === part[place])
}

function isLabel(label: unknown): boolean {
  return typeof label === 'string' && /^[^\p{Cc}.]+$/u.test(label)
}
