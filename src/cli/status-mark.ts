import type { Paint } from './terminal/paint.ts'

/** One painted character that tells a status of an execution, step or item at a glance. */
export function statusMark(status: string, paint: Paint): string {
  switch (status) {
    case 'completed':
      return paint.green('✔')
    case 'failed':
      return paint.red('✘')
    case 'cancelled':
      return paint.yellow('■')
    case 'compensated':
      return paint.yellow('↶')
    case 'skipped':
      return paint.dim('↷')
    case 'uncertain':
      return paint.red('?')
    case 'running':
      return paint.cyan('▶')
    case 'waiting':
    case 'sleeping':
    case 'backoff':
    case 'polling':
    case 'suspended':
      return paint.yellow('◷')
    case 'paused':
      return paint.yellow('‖')
    default:
      return paint.dim('○')
  }
}

/** Statuses in which an execution stays by itself. */
export const endedStatuses: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled'])
