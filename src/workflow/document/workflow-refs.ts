import { maxSatisfying } from 'semver'
import type { WorkflowDocument } from './document.ts'
import type { Path } from './problem.ts'

/** A workflow that a step, or one of its fallbacks, runs. */
export interface WorkflowRef {
  /** Where the normalised document says it: `steps.<id>.workflow` or `steps.<id>.fallback[n].workflow`. */
  readonly path: Path
  readonly stepId: string
  /** Position among the step's fallbacks; null for the step's own work. */
  readonly fallback: number | null
  readonly name: string
  /** A semver range. */
  readonly version: string
}

/** Every workflow that a document may run, in the order of its steps, a step's own before its fallbacks'. */
export function workflowRefs(document: WorkflowDocument): readonly WorkflowRef[] {
  return Object.entries(document.steps).flatMap(([stepId, step]) => {
    const refs: WorkflowRef[] = []
    if ('workflow' in step) {
      const { name, version } = step.workflow
      const path = ['steps', stepId, 'workflow']
      refs.push({ path, stepId, fallback: null, name, version })
    }
    for (const [index, entry] of step.fallback.entries()) {
      if (!('workflow' in entry)) continue
      const { name, version } = entry.workflow
      const path = ['steps', stepId, 'fallback', index, 'workflow']
      refs.push({ path, stepId, fallback: index, name, version })
    }
    return refs
  })
}

/**
 * Which candidate a reference means: the highest version of its name within its range, by semver's
 * precedence; of equal ones the first. A prerelease matches only a range that names one of the same
 * version. The position among the candidates, -1 when none matches.
 */
export function resolveWorkflowRef(
  ref: { readonly name: string; readonly version: string },
  candidates: readonly { readonly name: string; readonly version: string }[],
): number {
  const versions = candidates.filter(({ name }) => name === ref.name).map(({ version }) => version)
  const best = maxSatisfying(versions, ref.version)
  return candidates.findIndex(({ name, version }) => name === ref.name && version === best)
}
