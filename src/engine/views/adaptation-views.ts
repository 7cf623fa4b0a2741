import type { Adaptation } from '../../workflow/index.ts'
import type { AdaptationView } from '../workflow-engine.ts'

/** An adaptation as `aura show` prints it. */
export function adaptationView({ id, steps, ...kept }: Adaptation): AdaptationView {
  const { because, pause, cause, tda, atMs, isReverted } = kept
  const changes = Object.entries(steps).map(([stepId, change]) => {
    const { spec, maxParallel = null, agent = null, approval = null } = change
    return { stepId, pattern: spec?.pattern ?? null, maxParallel, agent, approval }
  })
  return { adaptationId: id, because, changes, pause, cause, tda, atMs, isReverted }
}
