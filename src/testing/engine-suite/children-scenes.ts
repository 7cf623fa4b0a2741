import type { JsonObject } from '../../core/json.ts'
import type { StepData, WorkflowData } from '../../workflow/index.ts'
import { type EngineStage, probe } from '../engine-stage.ts'
import { undoable } from './undo-scenes.ts'

/** A workflow of two steps that can be undone; its output is `{ kid: version, v: input.v }`. */
export const kid: WorkflowData = versionOfKid('1.0.0')

/** `kid` under another version. */
export function versionOfKid(version: string): WorkflowData {
  return {
    name: 'kid',
    version,
    steps: {
      k1: undoable({ with: { v: '${ input.?v.orValue(null) }' } }),
      k2: undoable({ needs: ['k1'] }),
    },
    output: { kid: version, v: '${ steps.k1.output.v }' },
  }
}

/** A workflow `kid` with these steps. */
export function kidWith(
  steps: WorkflowData['steps'],
  rest: Partial<Omit<WorkflowData, 'steps'>> = {},
): WorkflowData {
  return { name: 'kid', version: '1.0.0', ...rest, steps }
}

/** A step that runs `kid`. */
export function runsKid(rest: JsonObject = {}, ref: JsonObject = {}): StepData {
  return { workflow: { name: 'kid', version: '1', ...ref }, ...rest }
}

/** Starts an execution `p` whose step `page` runs `child`. */
export async function beginParent(
  stage: EngineStage,
  child: WorkflowData,
  {
    page = {},
    steps = {},
    rest = {},
  }: {
    readonly page?: JsonObject
    readonly steps?: WorkflowData['steps']
    readonly rest?: Partial<WorkflowData>
  } = {},
): Promise<string> {
  const parent = probe({ page: runsKid(page), ...steps }, rest)
  return stage.begin(parent, { executionId: 'p', workflows: [child] })
}
