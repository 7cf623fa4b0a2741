import type { FallbackDocument, StepDocument } from '../../workflow/index.ts'

/** A sub-workflow as it is named beside agents. */
function workflowText({ name, version }: { name: string; version: string }): string {
  return version === '*' ? `workflow ${name}` : `workflow ${name} ${version}`
}

/** What a step does, in a few words. */
export function workText(step: StepDocument): string {
  if ('sleep' in step) return `sleep ${step.sleep}`
  if ('waitFor' in step) return `wait for '${step.waitFor.signal}'`
  return targetText(step)
}

/** Whom a step or a fallback calls, in a few words. */
export function targetText(target: FallbackDocument | CallingStep): string {
  if ('graph' in target) return `graph ${target.graph}`
  if ('workflow' in target) return workflowText(target.workflow)
  if ('pattern' in target) return `${target.pattern} of ${target.agents.length}: ${target.action}`
  return `${target.agent}.${target.action}`
}

type CallingStep = Exclude<StepDocument, { readonly sleep: string } | { readonly waitFor: object }>
