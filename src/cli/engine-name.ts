import { OrchestrationError } from '../core/errors.ts'
import { notYet } from './not-yet.ts'

/** @throws UsageError for an engine that there is not */
export function checkEngineName(engine: string): void {
  if (engine === 'embedded' || engine === 'temporal') return
  throw new OrchestrationError('UsageError', `there is no engine '${engine}'`, {
    hint: 'the engines are embedded and temporal',
  })
}

/** For verbs that work on the file. @throws RefusedError for another engine, UsageError for one that there is not */
export function requireEmbedded(engine: string): void {
  checkEngineName(engine)
  if (engine === 'temporal') throw notYet('--engine temporal')
}
