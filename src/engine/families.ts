import { assertNever } from '../core/assert.ts'
import { addUsage, exactUsd, noUsage, type Usage } from '../core/usage.ts'
import { messageOf, toErrorJson } from '../core/errors.ts'
import {
  budgetInForce,
  type CallRef,
  type ChildEnd,
  type Command,
  type ExecutionState,
} from '../workflow/index.ts'
import { checkFlags } from './acceptance.ts'
import { checkedInput, type Definitions } from './definitions.ts'
import type { EmbeddedEngineParts } from './engine-parts.ts'
import type { Executions } from './executions.ts'
import type { Rollbacks } from './rollbacks.ts'
import type { Family, FamilyCommand } from './family.ts'
import type { Runner } from './runner.ts'
import type { Running } from './running.ts'
import { endOf, idTaken, neverStarted, refusedStart } from './verbs/child-ends.ts'
import { statusOf } from './status-of.ts'

type StartChild = Command & { kind: 'startChild' }
type SteerChild = Command & { kind: 'steerChild' }

export interface FamiliesParts {
  readonly parts: EmbeddedEngineParts
  readonly runner: Runner
  readonly executions: Executions
  readonly definitions: Definitions
  readonly rollbacks: Rollbacks
}

/**
 * Executions that work for calls of other executions. A parent asks for a child by its id and is told its
 * end, again after every crash: asking is safe to repeat, and an end that was told before changes nothing.
 */
export class Families implements Family {
  readonly #of: FamiliesParts
  /** Who waits for which execution, by its id. */
  readonly #watching = new Map<string, Watching>()

  constructor(of: FamiliesParts) {
    this.#of = of
  }

  get watched(): number {
    return this.#watching.size
  }

  callsLeft(running: Running): number | null | undefined {
    if (running.row.parent === null && running.state.counts.child === 0) return undefined
    let left = Infinity
    let above: Running | undefined = running
    while (above !== undefined) {
      const { agentCallsMax } = budgetInForce(above.state)
      if (agentCallsMax !== null) left = Math.min(left, agentCallsMax - this.#spent(above).calls)
      above = this.#above(above)
    }
    return left === Infinity ? null : left
  }

  usageLeft(running: Running): { readonly left: Usage; readonly root: Running } {
    let left: Usage = { tokens: Infinity, costUsd: Infinity }
    let root = running
    for (let above: Running | undefined = running; above !== undefined;) {
      root = above
      const { usageMax } = budgetInForce(above.state)
      if (usageMax.tokens !== Infinity || usageMax.costUsd !== Infinity) {
        const { tokens, costUsd } = this.#spent(above).usage
        left = {
          tokens: Math.min(left.tokens, usageMax.tokens - tokens),
          costUsd: Math.min(left.costUsd, exactUsd(usageMax.costUsd - costUsd)),
        }
      }
      above = this.#above(above)
    }
    return { left, root }
  }

  obey(running: Running, command: FamilyCommand): void {
    switch (command.kind) {
      case 'startChild':
        return this.#startChild(running, command)
      case 'steerChild':
        return this.#steerChild(running, command)
      case 'rollBack':
        return this.#of.rollbacks.automatic(running, command.to)
      default:
        assertNever(command, 'command')
    }
  }

  recorded({ row: { executionId }, status }: Running): void {
    const parent = this.#watching.get(executionId)?.parent
    if (parent === undefined || parent.hasLeft) return
    if (status === 'waiting') parent.waitingChildren.add(executionId)
    else parent.waitingChildren.delete(executionId)
    if (statusOf(parent) !== parent.status) this.#of.runner.committer.touch(parent)
  }

  ended(child: Running): void {
    const { executionId } = child.row
    const watching = this.#watching.get(executionId)
    if (watching === undefined) return
    this.#watching.delete(executionId)
    watching.parent.waitingChildren.delete(executionId)
    this.#tell(watching.parent, watching, endOf(child.state))
  }

  wake(executionId: string): void {
    this.#of.executions.queue.push([executionId])
  }

  left(): void {
    this.#of.executions.queue.goOn()
  }

  /** Before its start is decided only the parent knows it; after a crash it may run before the parent asks for it again. */
  #above({ row, state: { parent } }: Running): Running | undefined {
    const watching = this.#watching.get(row.executionId)
    if (watching !== undefined) return watching.parent
    return parent === null ? undefined : this.#of.runner.executions.get(parent.executionId)
  }

  /** What the execution has spent and reserved, and those that work for it now; the ended ones are counted in it. */
  #spent({ state }: Running): Totals {
    let calls = state.agentCalls + state.requestedCalls
    let usage = addUsage(state.spent, state.reserved)
    if (state.counts.child === 0) return { calls, usage }
    for (const { status, child, childCalls, childUsage } of state.live) {
      if (status !== 'child' || child === null) continue
      const below = this.#spentBy(child.executionId)
      calls += below.calls - childCalls
      usage = addUsage(addUsage(usage, below.usage), childUsage, -1)
    }
    return { calls, usage }
  }

  /** One that is out of memory, since it only waits, spends nothing until it is back. */
  #spentBy(executionId: string): Totals {
    const { executions, runner } = this.#of
    const watching = this.#watching.get(executionId)
    const running = runner.executions.get(executionId)
    if (running !== undefined) {
      if (watching !== undefined) watching.outside = null
      return this.#spent(running)
    }
    if (watching !== undefined && watching.outside !== null) return watching.outside
    const row = executions.known(executionId)
    const isThere = row !== undefined && !row.isPruned
    const outside = isThere ? totalsOf(executions.stateAt(row)) : nothing
    if (watching !== undefined) watching.outside = outside
    return outside
  }

  #startChild(parent: Running, command: StartChild): void {
    const { executions, runner } = this.#of
    const { executionId } = command
    const row = executions.known(executionId)
    if (row !== undefined && row.parent !== parent.row.execution) {
      return this.#refuse(parent, command, idTaken(executionId))
    }
    this.#watching.set(executionId, watchingOf(parent, command))
    try {
      if (row === undefined) return this.#begin(parent, command)
      const { running } = executions.attach(row)
      if (running !== null) return this.recorded(running)
      const ended = executions.openEnded(executionId)
      const isOlder = (ended.state.parent?.token ?? 0) < command.token
      if (ended.state.result === 'failed' && isOlder) {
        ended.isDriven = true
        return runner.stimulate(ended, { kind: 'redrive', token: command.token })
      }
      runner.letGo(ended)
      this.ended(ended)
    } catch (thrown) {
      this.#watching.delete(executionId)
      this.#refuse(parent, command, thrown)
    }
  }

  #begin(parent: Running, command: StartChild): void {
    const { parts, executions, definitions } = this.#of
    const { executionId, documentHash, call, token } = command
    const definition = definitions.ofHash(documentHash, () => parts.journal.document(documentHash))
    const input = checkedInput(definition, command.input)
    const { document } = definition
    const flags = checkFlags(parts.flags, document.featureFlags, {
      executionId,
      workflow: document.name,
    })
    const { state, row } = parent
    executions.start(definition, {
      executionId,
      input,
      parent: row.execution,
      origin: {
        parent: { executionId: row.executionId, call, token, depth: state.depth + 1 },
        pins: state.pins,
        ...(state.tenant === null ? {} : { tenant: state.tenant }),
        ...(flags === null ? {} : { flags }),
      },
      pinned: [],
      isDriven: true,
    })
  }

  #steerChild(parent: Running, command: SteerChild): void {
    const { runner, executions } = this.#of
    const { executionId, verb } = command
    const row = executions.known(executionId)
    if (row === undefined || row.parent !== parent.row.execution) {
      if (verb === 'undo') this.#tell(parent, command, neverStarted)
      return
    }
    if (verb === 'undo') {
      this.#watching.set(executionId, watchingOf(parent, command))
    }
    const child = executions.attach(row).running
    if (child !== null) return runner.stimulate(child, { kind: verb })
    if (verb !== 'undo') return
    const ended = executions.openEnded(executionId)
    ended.isDriven = true
    runner.stimulate(ended, { kind: 'undo' })
    if (ended.state.phase !== 'ended') return
    runner.letGo(ended)
    this.ended(ended)
  }

  /** The child cannot be started: for its parent it has failed. */
  #refuse(parent: Running, command: StartChild, thrown: unknown): void {
    const error = toErrorJson(thrown, 'InternalError')
    this.#of.parts.logger.log('warn', `sub-workflow is not started: ${messageOf(thrown)}`, {
      executionId: command.executionId,
    })
    this.#tell(parent, command, refusedStart(error))
  }

  #tell(
    parent: Running,
    { call, token }: { readonly call: CallRef; readonly token: number },
    end: ChildEnd,
  ): void {
    this.#of.runner.stimulate(parent, { kind: 'childEnded', call, token, end })
  }
}

interface Watching {
  readonly parent: Running
  readonly call: CallRef
  readonly token: number
  /** What it had spent when it left memory; null while that is not looked up. */
  outside: Totals | null
}

/** What an execution has spent and reserved. */
interface Totals {
  readonly calls: number
  readonly usage: Usage
}

const nothing: Totals = { calls: 0, usage: noUsage }

function totalsOf({ agentCalls, spent, reserved }: ExecutionState): Totals {
  return { calls: agentCalls, usage: addUsage(spent, reserved) }
}

function watchingOf(parent: Running, { call, token }: StartChild | SteerChild): Watching {
  return { parent, call, token, outside: null }
}
