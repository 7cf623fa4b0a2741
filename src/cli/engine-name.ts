import { OrchestrationError } from '../core/errors.ts'
import { notYet } from './not-yet.ts'

/** @throws RefusedError for an engine of a later release, UsageError for one that there is not */
export function checkEngineName(engine: string): void {
  if (engine === 'temporal') throw notYet('--engine temporal')
  if (engine === 'embedded') return
  throw new OrchestrationError('UsageError', `there is no engine '${engine}'`, {
    hint: 'the engines are embedded and temporal',
  })
}
