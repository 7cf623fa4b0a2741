import { isJsonObject } from '../../core/json.ts'
import { compileInput } from '../../workflow/index.ts'
import type { Problem, WorkflowDocument } from '../../workflow/index.ts'
import type { AgentLookup, Break } from './break.ts'
import { targetBreak, targetsOf } from './target-breaks.ts'

/** A problem of a document file as a break. */
export function problemBreak({ file, line, column, path, message, hint }: Problem): Break {
  const place = [file, line, column].filter((part) => part !== null).join(':')
  const stepId = /^steps\.([a-z][a-z0-9_]*)/.exec(path ?? '')?.[1] ?? null
  const text = place === '' ? message : `${place}: ${message}`
  return { executionId: null, stepId, kind: 'documentInvalid', message: text, hint }
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
