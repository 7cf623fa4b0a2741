import { isJsonObject } from '../../core/json.ts'
import type { JsonValue } from '../../core/json.ts'
import { hashJson } from '../../core/json.ts'
import { limits } from '../../core/limits.ts'
import { checkExpressions } from './check-expressions.ts'
import { checkInput } from './check-input.ts'
import { checkKnownWorkflows } from './check-known-workflows.ts'
import type { KnownWorkflows } from './check-known-workflows.ts'
import { checkNeeds } from './check-needs.ts'
import { checkNotYet } from './check-not-yet.ts'
import { checkSecrets } from './check-secrets.ts'
import { checkPatterns } from './check-patterns.ts'
import { checkRollback } from './check-rollback.ts'
import { checkSteps } from './check-steps.ts'
import { checkTriggers } from './check-triggers.ts'
import { checkWorkflowRefs } from './check-workflow-refs.ts'
import type { WorkflowDocument } from './document.ts'
import { readData } from './json-data.ts'
import { normalize } from './normalize.ts'
import { ProblemList, noPositions } from './problem.ts'
import { checkAgents } from './check-agents.ts'
import type { KnownAgents } from './check-agents.ts'
import type { Problem } from './problem.ts'
import { parseShape } from './schema-problems.ts'
import { stepGraph } from './step-graph.ts'
import { mapAt } from './value-at.ts'
import type { WorkflowData } from './workflow-data.ts'
import { parseYaml } from './yaml-parse.ts'
import { yamlPositions } from './yaml-positions.ts'
import { readTree } from './yaml-tree.ts'

/** A document and everything that is wrong with it. */
export type ReadResult = (ValidDocument | { readonly document: null; readonly data: null }) & {
  /** In the order of the text, at most `limits.problemsMax`. */
  readonly problems: readonly Problem[]
}

/** Not there when a problem is an error; warnings alone leave it. */
interface ValidDocument {
  readonly document: WorkflowDocument
  /** As it is written, without the defaults. */
  readonly data: WorkflowData
}

/** What a document may name beside itself. */
interface KnownNames {
  readonly agents?: KnownAgents
  readonly workflows?: KnownWorkflows
}

/**
 * Reads a workflow document from YAML or JSON text and reports all its problems at once. Never throws
 * and takes bounded time and memory, whatever the text.
 *
 * @param options `file` is shown in every problem; without `agents` and `workflows` any may be named
 */
export function readDocument(
  text: string,
  options: KnownNames & { readonly file: string },
): ReadResult {
  const problems = new ProblemList()
  const yaml = parseYaml(text, problems)
  if (problems.hasErrors) {
    const positions = yamlPositions(yaml, new Map())
    return { document: null, data: null, problems: problems.finish(options.file, positions) }
  }
  const { data, aliased } = readTree(yaml.root, problems)
  const document = checkData(data, problems, options)
  return resultOf(document, data, problems.finish(options.file, yamlPositions(yaml, aliased)))
}

/**
 * Reads a workflow document from data: the builder's, or an HTTP body's. As `readDocument`, except that
 * problems have no line and column.
 *
 * @param options `file` is shown in every problem; null by default
 */
export function readDocumentData(
  data: unknown,
  options: { readonly file?: string } = {},
): ReadResult {
  const problems = new ProblemList()
  const read = readData(data, problems)
  const document = checkData(read, problems, {})
  return resultOf(document, read, problems.finish(options.file ?? null, noPositions))
}

function resultOf(
  document: WorkflowDocument | null,
  data: JsonValue,
  problems: readonly Problem[],
): ReadResult {
  if (document === null) return { document, data: null, problems }
  // It has passed the schema.
  return { document, data: data as unknown as WorkflowData, problems }
}

/** The content hash by which executions are pinned to a document: SHA-256, 64 hexadecimal digits. */
export function documentHash(document: WorkflowDocument): string {
  return hashJson(document as unknown as JsonValue)
}

function checkData(
  data: JsonValue,
  problems: ProblemList,
  { agents, workflows }: KnownNames,
): WorkflowDocument | null {
  const stepCount = Object.keys(mapAt(data, 'steps')).length
  if (stepCount > limits.stepsMax) {
    problems.add({
      path: ['steps'],
      message: 'the document has too many steps',
      found: `${stepCount} steps`,
      expected: `at most ${limits.stepsMax} steps (stepsMax)`,
      hint: 'use forEach, or several workflows',
      place: 'key',
    })
    return null
  }
  const parsed = parseShape(data, problems)
  if (!isJsonObject(data)) return null
  const graph = stepGraph(data)
  checkNotYet(data, problems)
  checkSecrets(data, problems)
  checkSteps(data, problems)
  checkPatterns(data, problems)
  checkWorkflowRefs(data, problems)
  checkRollback(data, problems)
  checkNeeds(data, graph, problems)
  checkTriggers(data, problems)
  checkInput(data, problems)
  checkExpressions(data, graph, problems)
  if (agents !== undefined) checkAgents(data, agents, problems)
  if (workflows !== undefined) checkKnownWorkflows(data, workflows, problems)
  return parsed === null || problems.hasErrors ? null : normalize(parsed, graph)
}
