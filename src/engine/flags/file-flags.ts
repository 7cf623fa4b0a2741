import { readFileSync, statSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { z } from 'zod'
import type { Clock } from '../../core/clock.ts'
import type { FlagSource } from '../../core/contracts/flags.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { fileStamp } from '../../core/file-stamp.ts'
import { limits } from '../../core/limits.ts'
import type { Logger } from '../../core/logger.ts'
import { type FlagContext, rolloutPlace } from './flag-rules.ts'

const ruleSchema = z.union([
  z.boolean(),
  z.strictObject({
    on: z.boolean(),
    /** Only these workflows; absent: all. */
    workflows: z.array(z.string()).optional(),
    /** Only this share of the executions; absent: all. */
    percent: z.number().min(0).max(100).optional(),
  }),
])
const fileSchema = z.record(z.string(), ruleSchema)

type Rules = ReadonlyMap<string, z.output<typeof ruleSchema>>

/** The file is looked at again after so long. */
const lookAgainMs = 1_000

export interface FileFlagsOptions {
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Flags from a JSON or YAML file: `name: true`, or `name: { on, workflows?, percent? }`. The file is read
 * again when it has changed, which is looked at once a second at most and only when a flag is asked for; a
 * new version that cannot be read is logged, and the old one stays in force.
 */
export class FileFlags implements FlagSource {
  readonly #options: FileFlagsOptions
  #rules: Rules
  /** What was seen of the file: a change of it is a change of the file. */
  #stamp: string
  #lookedAtMs: number

  /** @throws InputError when the file is not there or cannot be read as flags */
  constructor(options: FileFlagsOptions) {
    this.#options = options
    this.#lookedAtMs = options.clock.monotonicMs()
    this.#stamp = fileStamp(options.path)
    this.#rules = readRules(options.path)
  }

  decide(flag: string, { executionId, workflow }: FlagContext): boolean | undefined {
    this.#lookAgain()
    const rule = this.#rules.get(flag)
    if (rule === undefined || typeof rule === 'boolean') return rule
    if (!rule.on) return false
    if (rule.workflows !== undefined && !rule.workflows.includes(workflow)) return false
    return rule.percent === undefined || rolloutPlace(flag, executionId) < rule.percent
  }

  isOn(flag: string, context: FlagContext): boolean {
    return this.decide(flag, context) ?? false
  }

  #lookAgain(): void {
    const { path, clock, logger } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lookedAtMs < lookAgainMs) return
    this.#lookedAtMs = nowMs
    const stamp = fileStamp(path)
    if (stamp === this.#stamp) return
    this.#stamp = stamp
    try {
      this.#rules = readRules(path)
      logger.log('info', 'the feature flags were read again', { path })
    } catch (thrown) {
      logger.log('error', 'the feature flags stay as they were: the file cannot be read', {
        path,
        error: messageOf(thrown),
      })
    }
  }
}

function readRules(path: string): Rules {
  const data = parse(path, read(path)) ?? {}
  const parsed = fileSchema.safeParse(data)
  if (parsed.success) return new Map(Object.entries(parsed.data))
  const [issue] = parsed.error.issues
  const where = issue?.path.length ? `flag '${issue.path.join('.')}'` : 'the file'
  throw unreadable(
    path,
    `${where} is neither true or false nor { on, workflows?, percent? } with percent 0 to 100`,
  )
}

function read(path: string): string {
  try {
    const { size } = statSync(path)
    if (size <= limits.flagsFileBytesMax) return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw unreadable(path, messageOf(thrown))
  }
  throw unreadable(path, `it is over flagsFileBytesMax ${limits.flagsFileBytesMax} bytes`)
}

/** JSON is YAML, so one reader takes both. */
function parse(path: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true })
  const [fault] = document.errors
  if (fault !== undefined) throw unreadable(path, fault.message)
  try {
    return document.toJS({ maxAliasCount: limits.aliasesMax })
  } catch (thrown) {
    throw unreadable(path, messageOf(thrown))
  }
}

function unreadable(path: string, why: string): OrchestrationError {
  return new OrchestrationError('InputError', `no feature flags in ${path}: ${why}`, {
    hint: 'write one flag a line: `name: true`, or `name: { on: true, percent: 10 }`',
  })
}
