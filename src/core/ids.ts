import { OrchestrationError } from './errors.ts'
import type { Random } from './random.ts'

declare const executionIdBrand: unique symbol
/** Names one running or finished instance of a workflow. */
export type ExecutionId = string & { readonly [executionIdBrand]: true }

/** Characters of an execution id. */
export const executionIdMax = 200

const executionIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

/** @throws InputError when the text is no execution id. */
export function executionId(text: string): ExecutionId {
  if (executionIdPattern.test(text)) return text as ExecutionId
  throw new OrchestrationError('InputError', `'${text.slice(0, 220)}' is no execution id`, {
    hint: 'use 1 to 200 of A-Z a-z 0-9 . _ - and begin with a letter or digit',
  })
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** A new id such as `incident-response-01kb2x…`: sorts by time, 80 random bits. */
export function newExecutionId(workflow: string, nowMs: number, random: Random): ExecutionId {
  let time = ''
  for (let rest = Math.floor(nowMs), i = 0; i < 10; i++, rest = Math.floor(rest / 32)) {
    time = (alphabet[rest % 32] as string) + time
  }
  let tail = ''
  for (let i = 0; i < 16; i++) tail += alphabet[Math.floor(random() * 32)] as string
  return `${workflow}-${time}${tail}` as ExecutionId
}
