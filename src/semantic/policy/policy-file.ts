import { readFileSync, statSync } from 'node:fs'
import type { Clock } from '../../core/clock.ts'
import type { PolicyDecision, PolicySource } from '../../core/contracts/policy.ts'
import { messageOf, OrchestrationError } from '../../core/errors.ts'
import { fileStamp } from '../../core/file-stamp.ts'
import { limits } from '../../core/limits.ts'
import type { Logger } from '../../core/logger.ts'
import type { Policy, PolicyFacts } from './policy.ts'
import { expectPolicy } from './read-policy.ts'

/** The file is looked at again after so long. */
const lookAgainMs = 1_000

export interface PolicyFileOptions {
  readonly path: string
  readonly clock: Clock
  readonly logger: Logger
  /** Ids and types that rules may allow; without them any may be named. */
  readonly agents?: readonly string[]
}

/**
 * A policy in a YAML or JSON file. It is read again when the file has changed, which is looked at once a second
 * at most and only when it is asked; what was decided before stays decided. A new version with problems is logged
 * as an error, and the old one stays in force.
 */
export class PolicyFile implements PolicySource {
  readonly #options: PolicyFileOptions
  #policy: Policy
  #stamp: string
  #lookedAtMs: number

  /** @throws DocumentError with every problem of the file; InputError when it cannot be read */
  constructor(options: PolicyFileOptions) {
    this.#options = options
    this.#lookedAtMs = options.clock.monotonicMs()
    this.#stamp = fileStamp(options.path)
    this.#policy = this.#read()
  }

  /** The policy in force. */
  get policy(): Policy {
    return this.#policy
  }

  decide(facts: PolicyFacts): PolicyDecision | null {
    this.#lookAgain()
    return this.#policy.decide(facts)
  }

  /** Reads the file at once. @throws as the constructor; the old version is in force then */
  reload(): Policy {
    this.#stamp = fileStamp(this.#options.path)
    this.#policy = this.#read()
    const { name, version } = this.#policy
    this.#options.logger.log('info', `policy ${name} ${version} is in force`, {
      path: this.#options.path,
    })
    return this.#policy
  }

  #lookAgain(): void {
    const { path, clock, logger } = this.#options
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#lookedAtMs < lookAgainMs) return
    this.#lookedAtMs = nowMs
    if (fileStamp(path) === this.#stamp) return
    try {
      this.reload()
    } catch (thrown) {
      const { name, version } = this.#policy
      const message = `policy ${name} ${version} stays in force: the new file is refused`
      logger.log('error', message, { path, error: messageOf(thrown) })
    }
  }

  #read(): Policy {
    const { path, agents } = this.#options
    return expectPolicy(
      { text: policyText(path) },
      { file: path, ...(agents === undefined ? {} : { agents }) },
    )
  }
}

/** The text of a policy file. @throws InputError when it cannot be read or is over `policyBytesMax` */
export function policyText(path: string): string {
  try {
    if (statSync(path).size <= limits.policyBytesMax) return readFileSync(path, 'utf8')
  } catch (thrown) {
    throw unreadable(path, messageOf(thrown))
  }
  throw unreadable(path, `it is over policyBytesMax ${limits.policyBytesMax} bytes`)
}

function unreadable(path: string, why: string): OrchestrationError {
  return new OrchestrationError('InputError', `no policy in ${path}: ${why}`, {
    hint: 'hand over a YAML or JSON file with name, version and rules',
  })
}
