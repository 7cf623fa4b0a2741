import { resolve } from 'node:path'
import { silentLogger } from '../../core/logger.ts'
import { executionId as checkedId, newExecutionId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { JsonObject } from '../../core/json.ts'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { openLook } from '../../engine/index.ts'
import type { LogEntry } from '../../engine/index.ts'
import type { WorkflowDocument } from '../../workflow/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { readDocumentFile, refuseBroken } from '../document-file.ts'
import { openFile, ownedBy } from '../engine-access.ts'
import { exitCodes } from '../exit-code.ts'
import { notYet } from '../not-yet.ts'
import { driveExecution } from '../run-drive.ts'
import { runView } from '../run-view.ts'
import { continueCommand } from '../run-plan.ts'
import type { RunPlan } from '../run-plan.ts'
import { readInput } from '../run-input.ts'

export interface RunOptions {
  readonly input?: readonly string[]
  readonly inputFile?: string
  readonly id?: string
  readonly engine: string
  readonly detach?: boolean
  readonly agents?: readonly string[]
}

/** `aura run F`: starts an execution, or goes on with the one of that id, and drives it to its end. */
export async function run(
  context: CommandContext,
  file: string,
  options: RunOptions,
): Promise<number> {
  checkEngine(options.engine)
  const documentPath = resolve(context.cwd, file)
  const modules = options.agents ?? []
  const agents = await agentsOf(context, modules)
  const id = options.id === undefined ? undefined : checkedId(options.id)
  const history = id === undefined ? [] : historyOf(context, id)
  // Whoever drives a detached start may have agents that are not here; one that exists waits for them.
  const isNew = options.detach !== true && history.length === 0
  const known = isNew ? knownAgents(agents, 'error') : undefined
  const read = readDocumentFile(file, documentPath, known)
  refuseBroken(file, read.problems)
  const document = read.document as WorkflowDocument
  const executionId = id ?? newExecutionId(document.name, context.clock.nowMs(), systemRandom)
  const pairs = options.input ?? []
  const isInputGiven = pairs.length > 0 || options.inputFile !== undefined
  const recorded = recordedInput(history)
  // Going on with an execution needs no input; one that is given must be the recorded one.
  const input =
    recorded !== null && !isInputGiven
      ? recorded
      : readInput(document, { pairs, file: options.inputFile }, { cwd: context.cwd, documentPath })
  const continueWith = [
    'run',
    file,
    '--id',
    executionId,
    ...modules.flatMap((module) => ['--agents', module]),
  ]
  const plan: RunPlan = { document, agents, executionId, input, history, continueWith }
  return options.detach === true ? recordStart(context, plan) : driveExecution(context, plan)
}

function checkEngine(engine: string): void {
  if (engine === 'temporal') throw notYet('--engine temporal')
  if (engine === 'embedded') return
  throw new OrchestrationError('UsageError', `there is no engine '${engine}'`, {
    hint: 'the engines are embedded and temporal',
  })
}

function historyOf(context: CommandContext, executionId: string): readonly LogEntry[] {
  try {
    const look = openLook(context.databasePath)
    try {
      return look.log(executionId)
    } finally {
      look.close()
    }
  } catch (thrown) {
    if (isOrchestrationError(thrown) && thrown.code === 'NotFoundError') return []
    throw thrown
  }
}

function recordedInput(history: readonly LogEntry[]): JsonObject | null {
  const first = history[0]?.event
  return first?.kind === 'ExecutionStarted' ? first.input : null
}

/** `--detach`: the start is on disk, and nobody drives it yet. */
async function recordStart(context: CommandContext, plan: RunPlan): Promise<number> {
  const access = await openFile(context, { logger: silentLogger })
  if (access.kind === 'owned') throw ownedBy(context.databasePath, access.owner)
  const { engine } = access.opened
  try {
    const { executionId, input } = plan
    await engine.recordDocument(plan.document, { executionId, input })
    const view = runView(await engine.getExecution(executionId))
    if (context.isJson) context.json(view)
    else context.say(`${executionId}  ${view.status}`)
  } finally {
    await engine.close()
  }
  context.note(`recorded; drive it with: ${continueCommand(context, plan)}`)
  return exitCodes.done
}
