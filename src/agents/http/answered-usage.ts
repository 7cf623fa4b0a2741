import type { JsonValue } from '../../core/json.ts'
import type { Usage } from '../../core/usage.ts'
import type { ActionDefinition } from '../contract.ts'

/** What an answer says that the call has used, by its action's `usage`; of what it does not say, the most. */
export function answeredUsage(
  { usage = {}, maxTokens = 0, maxCostUsd = 0 }: ActionDefinition,
  body: JsonValue,
): Usage {
  const tokens = sumAt(usage.tokens, body)
  const isWhole = tokens === null || Number.isSafeInteger(tokens)
  return {
    tokens: (isWhole ? tokens : null) ?? (usage.tokens === undefined ? 0 : maxTokens),
    costUsd: sumAt(usage.costUsd, body) ?? (usage.costUsd === undefined ? 0 : maxCostUsd),
  }
}

/** Null where one of them is no number of 0 or more. */
function sumAt(pointers: string | readonly string[] | undefined, body: JsonValue): number | null {
  if (pointers === undefined) return null
  let sum = 0
  for (const pointer of typeof pointers === 'string' ? [pointers] : pointers) {
    const found = valueAt(pointer, body)
    if (typeof found !== 'number' || !(found >= 0)) return null
    sum += found
  }
  return sum
}

function valueAt(pointer: string, body: JsonValue): unknown {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<unknown>((holder, key) => {
    if (typeof holder !== 'object' || holder === null) return undefined
    const name = key.replaceAll('~1', '/').replaceAll('~0', '~')
    return Object.hasOwn(holder, name) ? (holder as Record<string, unknown>)[name] : undefined
  }, body)
}
