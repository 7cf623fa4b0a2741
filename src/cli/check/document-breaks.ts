import { isJsonObject } from '../../core/json.ts'
import { nearestOrAll } from '../../core/nearest.ts'
import { compileInput, resolveWorkflowRef, workflowRefs } from '../../workflow/index.ts'
import type { Problem, WorkflowDocument, WorkflowVersion } from '../../workflow/index.ts'
import type { AgentLookup, Break } from './break.ts'
import { targetBreak, targetsOf } from './target-breaks.ts'

/** A problem of a document file as a break. */
export function problemBreak(
  { file, line, column, path, message, hint }: Problem,
  kind: 'documentInvalid' | 'workflowMissing',
): Break {
  const place = [file, line, column].filter((part) => part !== null).join(':')
  const stepId = /^steps\.([a-z][a-z0-9_]*)/.exec(path ?? '')?.[1] ?? null
  const text = place === '' ? message : `${place}: ${message}`
  return { executionId: null, stepId, kind, message: text, hint }
}

/** What the executions that a document's triggers start would miss. */
export function triggeredBreaks(document: WorkflowDocument, agents: AgentLookup): readonly Break[] {
  if (document.triggers.length === 0) return []
  return Object.entries(document.steps).flatMap(([stepId, step]) =>
    targetsOf(step).flatMap((target) => {
      const found = targetBreak(target, agents, { executionId: null, stepId })
      if (found === null) return []
      const message = `${document.name} ${document.version}, which has triggers: ${found.message}`
      return [{ ...found, message }]
    }),
  )
}

/** Sub-workflows that the executions which a document's triggers start would look for in vain. */
export function triggeredWorkflowBreaks(
  document: WorkflowDocument,
  known: readonly WorkflowVersion[],
): readonly Break[] {
  if (document.triggers.length === 0) return []
  const candidates = [document, ...known]
  return workflowRefs(document).flatMap((ref): Break[] => {
    if (resolveWorkflowRef(ref, candidates) >= 0) return []
    const names = [...new Set(known.map(({ name }) => name))]
    const versions = [
      ...new Set(candidates.filter(({ name }) => name === ref.name).map(({ version }) => version)),
    ]
    const what = versions.length === 0 ? `'${ref.name}'` : `'${ref.name}' ${ref.version}`
    const { stepId } = ref
    return [
      {
        executionId: null,
        stepId,
        kind: 'workflowMissing',
        message: `${document.name} ${document.version}, which has triggers: step '${stepId}' runs workflow ${what}, which is not there`,
        hint:
          versions.length === 0 ? nearestOrAll(ref.name, names) : `there is ${versions.join(', ')}`,
      },
    ]
  })
}

/** Triggers whose input the document's schema would refuse; what is only known when they fire is left out. */
export function triggerInputBreaks(document: WorkflowDocument): readonly Break[] {
  const read = document.input === null ? null : compileInput(document.input)
  if (read === null) return []
  return document.triggers.flatMap((trigger, index): Break[] => {
    if (JSON.stringify(trigger.input).includes('${')) return []
    const { value, problems } = read(trigger.input)
    const first = problems[0]
    if (first === undefined && isJsonObject(value)) return []
    const what =
      'schedule' in trigger ? `schedule '${trigger.schedule}'` : `event '${trigger.event}'`
    return [
      {
        executionId: null,
        stepId: null,
        kind: 'triggerInput',
        message: `${document.name} ${document.version}, trigger ${index} (${what}): its input does not fit: ${first?.path ?? 'input'}: ${first?.message ?? 'it is no object'}`,
        hint: first?.hint ?? 'correct the input of the trigger, or the schema',
      },
    ]
  })
}
