import { isJsonObject, type JsonValue } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'

/** Texts that are looked at in one event. */
const textsMax = 10_000

/** The texts in a value, outermost and first ones first, keys left out, up to `taskCharactersMax` characters. */
export function textsOf(value: JsonValue): {
  readonly texts: readonly string[]
  readonly isCut: boolean
} {
  const texts: string[] = []
  let characters = 0
  // Level by level and without recursion: an event may be nested deeply.
  const queue: JsonValue[] = [value]
  for (let at = 0; at < queue.length; at++) {
    const part = queue[at]!
    if (typeof part === 'string') {
      const room = limits.taskCharactersMax - characters
      if (room <= 0 || texts.length >= textsMax) return { texts, isCut: true }
      texts.push(part.slice(0, room))
      characters += part.length
      if (part.length > room) return { texts, isCut: true }
    } else if (Array.isArray(part))
      for (const item of part as readonly JsonValue[]) queue.push(item)
    else if (isJsonObject(part)) for (const item of Object.values(part)) queue.push(item)
  }
  return { texts, isCut: false }
}
