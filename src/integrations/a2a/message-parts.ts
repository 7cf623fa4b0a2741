import type { Part } from '@a2a-js/sdk'
import { isJsonObject, type JsonObject, type JsonValue } from '../../core/json.ts'

/** What parts say: their texts, line by line, and the first structured value; null for none. */
export interface PartsContent {
  readonly text: string
  readonly data: JsonValue
}

/** A structured value as a part. */
export function dataPart(value: JsonValue): Part {
  return part({ $case: 'data', value }, 'application/json')
}

/** A text as a part. */
export function textPart(value: string): Part {
  return part({ $case: 'text', value }, 'text/plain')
}

/** A value as parts: `text` of an object and a text itself are said in words, everything else is data. */
export function partsOf(value: JsonValue): Part[] {
  if (typeof value === 'string') return [textPart(value)]
  if (!isJsonObject(value) || typeof value['text'] !== 'string') return [dataPart(value)]
  const { text, ...rest } = value
  const words = textPart(text)
  return Object.keys(rest).length === 0 ? [words] : [words, dataPart(rest)]
}

export function contentOf(parts: readonly Part[]): PartsContent {
  const texts: string[] = []
  let data: JsonValue | undefined
  for (const { content } of parts) {
    if (content?.$case === 'text') texts.push(content.value)
    else if (content?.$case === 'data') data ??= content.value as JsonValue
  }
  return { text: texts.join('\n'), data: data ?? null }
}

/** A part as JSON: one of `text`, `data`, `url`, `raw` (base64), and its name and media type where it has them. */
export function partJson({ content, filename, mediaType }: Part): JsonObject {
  const more = { ...(filename ? { filename } : {}), ...(mediaType ? { mediaType } : {}) }
  if (content === undefined) return more
  const value = content.$case === 'raw' ? content.value.toString('base64') : content.value
  return { [content.$case]: value as JsonValue, ...more }
}

function part(content: NonNullable<Part['content']>, mediaType: string): Part {
  return { content, mediaType, filename: '', metadata: undefined }
}
