import { OrchestrationError } from '../core/errors.ts'

/** @throws UsageError for an engine that there is not */
export function checkEngineName(engine: string): void {
  if (engine === 'embedded' || engine === 'temporal') return
  throw new OrchestrationError('UsageError', `there is no engine '${engine}'`, {
    hint: 'the engines are embedded and temporal',
  })
}
