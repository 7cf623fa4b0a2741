import { resolve } from 'node:path'
import { invariant } from '../../core/assert.ts'
import { silentLogger } from '../../core/logger.ts'
import { executionId as checkedId, newExecutionId } from '../../core/ids.ts'
import { systemRandom } from '../../core/random.ts'
import type { JsonObject } from '../../core/json.ts'
import { isOrchestrationError, OrchestrationError } from '../../core/errors.ts'
import { openLook } from '../../engine/index.ts'
import type { LogEntry } from '../../engine/index.ts'
import { findOwner } from '../../storage/index.ts'
import type { OwnerInfo } from '../../storage/index.ts'
import type { KnownAgents } from '../../workflow/index.ts'
import type { BaseAgent } from '../../agents/index.ts'
import { agentsOf, knownAgents } from '../agents.ts'
import type { CommandContext } from '../command-context.ts'
import { readDocumentFile, refuseBroken } from '../document-file.ts'
import { openFile, ownedBy } from '../engine-access.ts'
import { exitCodes } from '../exit-code.ts'
import { flagProviderOf } from '../flag-provider.ts'
import { WorkflowsAtHand } from '../known-workflows.ts'
import { neighboursOf } from '../neighbours.ts'
import { ownerAgents } from '../owner-agents.ts'
import { driveExecution } from '../run-drive.ts'
import { runView } from '../run-view.ts'
import { continueCommand } from '../run-plan.ts'
import type { RunPlan } from '../run-plan.ts'
import { readInput } from '../run-input.ts'

export interface RunOptions {
  readonly input?: readonly string[]
  readonly inputFile?: string
  readonly id?: string
  readonly detach?: boolean
  readonly agents?: readonly string[]
}

/**
 * `aura run F`: starts an execution, or goes on with the one of that id, and drives it to its end. Where
 * `aura serve` owns the file it drives the execution, and this process watches.
 */
export async function run(
  context: CommandContext,
  file: string,
  options: RunOptions,
): Promise<number> {
  if (context.temporal !== null) return onTemporal(context, file, options)
  const { owner } = findOwner(context.databasePath)
  if (owner?.kind === 'serve') return submit(context, owner, { file, options })
  const agents = await agentsOf(context, options.agents ?? [])
  const known = knownAgents(agents, 'error')
  const plan = readPlan(context, { file, options, agents, known })
  if (options.detach === true) return recordStart(context, plan)
  const access = await driveExecution(context, plan)
  // Somebody began to serve the file in the meantime.
  if (typeof access !== 'number') return submit(context, access, { file, options })
  return access
}

/** @throws UsageError when agents are given: those of the workers are called */
async function onTemporal(
  context: CommandContext,
  file: string,
  options: RunOptions,
): Promise<number> {
  if (options.agents !== undefined) {
    throw new OrchestrationError(
      'UsageError',
      '--agents has no effect with --engine temporal: the agents of its workers are called',
      { hint: 'hand the modules to `aura worker --agents`' },
    )
  }
  const plan = readPlan(context, { file, options, agents: [], known: null })
  const { runOnTemporal } = await import('../temporal/run-on-temporal.ts')
  return runOnTemporal(context, plan, options)
}

/** @throws UsageError when agents are given: those of the owner are called */
async function submit(
  context: CommandContext,
  owner: OwnerInfo,
  { file, options }: { readonly file: string; readonly options: RunOptions },
): Promise<number> {
  if (options.agents !== undefined) {
    throw new OrchestrationError(
      'UsageError',
      `--agents has no effect: the file is owned by 'aura serve' with pid ${owner.pid}, whose agents are called`,
      { hint: 'hand the modules to `aura serve --agents`; or use another file with --db' },
    )
  }
  const known = await ownerAgents(owner)
  const plan = readPlan(context, { file, options, agents: [], known })
  const { submitExecution } = await import('../run-submit.ts')
  return submitExecution(context, owner, plan, { isDetached: options.detach === true })
}

/** Reads what is to be run; `known` are the agents of whoever drives it. */
function readPlan(
  context: CommandContext,
  from: {
    readonly file: string
    readonly options: RunOptions
    readonly agents: readonly BaseAgent[]
    /** Null where only whoever drives it knows them, and the file has nothing of it. */
    readonly known: KnownAgents | null
  },
): RunPlan {
  const { file, options, agents, known } = from
  const documentPath = resolve(context.cwd, file)
  const id = options.id === undefined ? undefined : checkedId(options.id)
  const history = id === undefined || known === null ? [] : historyOf(context, id)
  // Whoever drives a detached start may have agents that are not here; one that exists waits for them.
  const isNew = options.detach !== true && history.length === 0 && known !== null
  const read = readDocumentFile(file, documentPath, isNew ? { agents: known } : {})
  refuseBroken(file, read.problems)
  const { document, data } = read
  invariant(document !== null, `${file} has no problem and no document`)
  const neighbours = neighboursOf(document, documentPath, context.cwd)
  // One that exists has its sub-workflows pinned.
  if (history.length === 0) {
    refuseBroken(file, new WorkflowsAtHand(context).missing(read, documentPath))
  }
  const executionId = id ?? newExecutionId(document.name, context.clock.nowMs(), systemRandom)
  const pairs = options.input ?? []
  const isInputGiven = pairs.length > 0 || options.inputFile !== undefined
  const recorded = recordedInput(history)
  // Going on with an execution needs no input; one that is given must be the recorded one.
  const input =
    recorded !== null && !isInputGiven
      ? recorded
      : readInput(document, { pairs, file: options.inputFile }, { cwd: context.cwd, documentPath })
  const modules = (options.agents ?? []).flatMap((module) => ['--agents', module])
  return {
    document,
    data,
    neighbours,
    agents,
    executionId,
    input,
    history,
    continueWith: ['run', file, '--id', executionId, ...modules],
  }
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
  const flags = flagProviderOf(context, null, silentLogger)
  const access = await openFile(context, {
    logger: silentLogger,
    isRecordingOnly: true,
    ...(flags === undefined ? {} : { flags }),
  })
  if (access.kind === 'owned') throw ownedBy(context.databasePath, access.owner)
  const { engine } = access.opened
  try {
    const { executionId, input } = plan
    const options = { executionId, input, workflows: plan.neighbours }
    await engine.recordDocument(plan.document, options)
    const view = runView(await engine.getExecution(executionId))
    if (context.isJson) context.json(view)
    else context.say(`${executionId}  ${view.status}`)
  } finally {
    await engine.close()
  }
  const serve = `${context.commandName} serve${context.placeArgument}`
  context.note(
    `recorded; drive it with: ${continueCommand(context, plan)}\nor everything with: ${serve}`,
  )
  return exitCodes.done
}
