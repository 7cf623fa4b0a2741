import type { KernelEvent } from '../../workflow/index.ts'

/** Which properties the decision of a step breaks, by what had become of the steps that it needs. */
export function decisionFaults(
  event: KernelEvent & { kind: 'StepScheduled' | 'StepSkipped' },
  needs: readonly string[],
  settled: ReadonlyMap<string, 'done' | 'skipped'>,
): readonly string[] {
  const faults = needs.some((need) => !settled.has(need)) ? ['dependencyOrder'] : []
  if (event.kind !== 'StepSkipped' || event.reason !== 'needs') return faults
  const allSkipped = needs.length > 0 && needs.every((need) => settled.get(need) === 'skipped')
  return allSkipped ? faults : [...faults, 'skipReason']
}
