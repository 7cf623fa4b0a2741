import type { LogEntry } from '../engine/index.ts'
import type { CommandContext } from './command-context.ts'
import type { ProgressModel, WaitReason } from './progress/progress-model.ts'
import { shellCommand } from './shell-quote.ts'

/**
 * Tells, as soon as a person is waited for, the exact command that goes on: `aura signal …` for a
 * signal, `aura resolve …` for an outcome that nobody knows. Each wait is told once.
 */
export class WaitAdvice {
  readonly #context: CommandContext
  readonly #model: ProgressModel
  readonly #told = new Set<string>()

  constructor(context: CommandContext, model: ProgressModel) {
    this.#context = context
    this.#model = model
  }

  /** Lines for what has begun to wait and was not told before. */
  newLines(): readonly string[] {
    const lines: string[] = []
    for (const step of this.#model.steps) {
      for (const [label, reason] of step.waits) {
        const line = this.#lineFor(label, reason)
        if (line === null) continue
        const key = `${label} ${line}`
        if (this.#told.has(key)) continue
        this.#told.add(key)
        lines.push(line)
      }
    }
    return lines
  }

  #lineFor(label: string, reason: WaitReason): string | null {
    const { commandName, placeArgument, paintErr } = this.#context
    const { executionId } = this.#model
    if (reason.kind === 'signal') {
      const command = shellCommand([commandName, 'signal', executionId, reason.signal])
      return `${paintErr.yellow(`${label} waits for a signal; send it with`)}\n  ${command}${placeArgument}  ${paintErr.dim('# --data JSON hands data over')}`
    }
    if (reason.kind === 'uncertain') {
      const command = shellCommand([commandName, 'resolve', executionId, label])
      const ways = [
        ['--succeed {}', 'it happened; its output instead of {}'],
        ['--retry', 'it did not: call again, same key'],
        ['--fail', 'give up on it'],
      ].map(([way, why]) => `  ${command} ${way}${placeArgument}  ${paintErr.dim(`# ${why}`)}`)
      const head = paintErr.red(`nobody knows whether ${label} happened; find out, then say one of`)
      return [head, ...ways].join('\n')
    }
    return null
  }
}

/** Whether an event may have begun a wait for a person. */
export function mayBeginWait({ event }: LogEntry): boolean {
  return [
    'StepScheduled',
    'PolicyDecided',
    'ApprovalAwaited',
    'CallScheduled',
    'CallSuspended',
    'CallUncertain',
  ].includes(event.kind)
}
