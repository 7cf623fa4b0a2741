import { hashJson } from '../../../core/json.ts'

const prefix = 'a2a'
/** So that an execution's id has room for those of its sub-workflows. */
const contextCharactersMax = 60

/**
 * The id of the task, and execution, that a message makes: it holds the context and a hash of the message's id, so
 * that the same message is the same task, whoever owns the file, and nothing about it must be kept anywhere else.
 */
export function taskIdOf(message: {
  readonly messageId: string
  readonly contextId: string
}): string {
  const hash = hashJson(message.messageId)
  // A message without a context begins one.
  const contextId = message.contextId === '' ? `c-${hash.slice(0, 16)}` : message.contextId
  return `${contextPrefix(contextId)}${hash.slice(0, 24)}`
}

/** How the ids of all tasks of a context begin. One that is too long is known by its hash. */
export function contextPrefix(contextId: string): string {
  const isLong = Buffer.byteLength(contextId) > contextCharactersMax
  const kept = isLong ? `h-${hashJson(contextId).slice(0, 32)}` : contextId
  return `${prefix}.${Buffer.from(kept).toString('base64url')}.`
}

/** The context of a task; null for an id that is no task's. */
export function contextOf(taskId: string): string | null {
  const [first, context = '', last] = taskId.split('.')
  if (first !== prefix || context === '' || last === undefined) return null
  return Buffer.from(context, 'base64url').toString()
}
