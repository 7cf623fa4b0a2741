import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ErrorJson } from '../../core/errors.ts'
import { patternRunner } from '../../patterns/index.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ActionContract, CallOutcome, LookupOutcome } from '../../core/contracts/call.ts'
import { type TdaContext, unavailableTda } from '../../core/contracts/tda.ts'
import { seededRandom } from '../../core/random.ts'
import type { Plan, PlanStep } from '../plan/plan.ts'
import { callLabel } from './call-ref.ts'
import { checkpointsOf, findCheckpoint } from './checkpoints.ts'
import { decodeRow, encodeRow, kernelEventKinds } from './codec.ts'
import { entriesAt } from './entries.ts'
import { kernelVersion, type KernelEvent } from './events.ts'
import { fold } from './fold.ts'
import { LiveCalls } from './live-calls.ts'
import { samplePlans } from './sample-plans.ts'
import { decodeState, encodeState } from './snapshot.ts'
import { type CallState, type ExecutionState, newExecution } from './state.ts'
import { sampleAdaptation } from './sample-adaptations.ts'
import type { PolicyValues } from '../../core/contracts/policy.ts'
import type { Command, Origin, PolicyAdviser, Stimulus } from './stimulus.ts'
import { transition } from './transition.ts'
import type { Transition } from './turn.ts'

const executionId = 'x'
const contracts = (['read', 'idempotent', 'once', 'once'] as const).map(
  (effect, i): ActionContract => ({
    agentId: 'a',
    agentType: 'a',
    effect,
    hasLookup: i === 3,
    hash: '0a',
    ...(i % 2 === 0 ? {} : { most: { tokens: 5, costUsd: 0.1 } }),
  }),
)
const errors: readonly ErrorJson[] = [
  { code: 'AgentError', message: 'no', retryable: true, hint: null, details: null },
  { code: 'AgentError', message: 'never', retryable: false, hint: 'stop', details: { n: 1 } },
]
const [retryable, definite] = errors as [ErrorJson, ErrorJson]
const outcomes: readonly CallOutcome[] = [
  {
    kind: 'completed',
    output: true,
    events: [{ type: 't', data: [1] }],
    memory: { owner: 'a', entriesMax: 1, bytesMax: 1, writes: [{ namespace: 'n', key: 'k' }] },
  },
  { kind: 'completed', output: { v: [1, null, 'x'] } },
  { kind: 'completed', output: null, state: [{ key: 'a', value: 'v', metadata: { by: 'me' } }] },
  { kind: 'completed', output: 1.5, state: [{ key: 'b', value: [0], ttlMs: 5_000 }, { key: 'a' }] },
  { kind: 'completed', output: 'x', state: [{ key: 'a', value: 2, expectedVersion: 1 }] },
  { kind: 'failed', error: retryable, usage: { tokens: 2, costUsd: 0.5 } },
  { kind: 'failed', error: definite },
  { kind: 'unknown', error: retryable, isUsageOpen: true },
  { kind: 'suspended', signal: 'go', schema: { type: 'string' }, resumeToken: { at: 2 } },
  { kind: 'suspended', signal: 'on', schema: null, resumeToken: null },
]
const lookups: readonly LookupOutcome[] = [
  { kind: 'completed', output: { found: true } },
  { kind: 'never' },
  { kind: 'unknown', error: definite },
]
const data: readonly JsonValue[] = ['text', null, { n: 1 }, { approved: false }]
const feeds = [0.2, 0.9, 0.9].map((anomalySeverity, i): TdaContext => ({
  ...unavailableTda,
  available: true,
  windowId: `w${i}`,
  anomalySeverity,
  anomalies: [{ t0Ms: 5 }],
}))

const decided = { policy: 'p', version: '1.0.0', rules: { approval: 'r' } }
const rulings: readonly (PolicyValues | null)[] = [
  null,
  { maxParallel: 1, agents: ['a'] },
  null,
  { approval: { signal: 'go', timeoutMs: 20_000 }, pattern: 'fanOut' },
  { pattern: 'fanOut' },
  { approval: { signal: 'on', timeoutMs: null }, quorum: 3 },
  null,
]
/** Decides by what it is asked alone, so that the same run is judged the same. */
const policies: PolicyAdviser = {
  decide({ step, cost, event }) {
    if (event === null) return null
    if (step === null) return { ...decided, values: { budget: { agentCalls: 9 } } }
    const values = pickOf(rulings, step.id.length + step.kind.length + cost.agentCalls)
    return values == null ? null : { ...decided, values }
  },
}

interface Move {
  readonly kind: 'answer' | 'repeat' | 'verb' | 'crash'
  readonly pick: number
  readonly choice: number
}

const anyMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(
    { weight: 40, arbitrary: fc.constant('answer' as const) },
    { weight: 2, arbitrary: fc.constant('repeat' as const) },
    { weight: 12, arbitrary: fc.constant('verb' as const) },
    { weight: 2, arbitrary: fc.constant('crash' as const) },
  ),
  pick: fc.nat(10_000),
  choice: fc.nat(10_000),
})
/** A process that does not outlive any call. */
const anyCrashes = fc
  .array(fc.record({ pick: fc.nat(1), choice: fc.nat(1) }), { minLength: 9, maxLength: 20 })
  .map((calls) =>
    calls.flatMap((call): Move[] => [
      { ...call, kind: 'answer' },
      { ...call, kind: 'crash' },
    ]),
  )
const anyRun = fc.record({
  plan: fc.constantFrom(...samplePlans),
  moves: fc.oneof(
    { weight: 5, arbitrary: fc.array(anyMove, { minLength: 10, maxLength: 150, size: 'max' }) },
    { weight: 1, arbitrary: anyCrashes },
  ),
})

/** To make a run of so many moves smaller takes minutes: the seed repeats the failure. */
const bounds = { endOnFailure: true }

function pickOf<T>(list: readonly T[], pick: number): T | undefined {
  return list[pick % Math.max(1, list.length)]
}

/** An execution and those who work for it: they answer in any order, late and twice, or die. */
class World {
  readonly plan: Plan
  state: ExecutionState
  readonly rows: { readonly atMs: number; readonly events: readonly KernelEvent[] }[] = []
  readonly open: Command[] = []
  readonly answered: Command[] = []
  nowMs = 1_000
  tda: TdaContext = unavailableTda
  readonly #random = seededRandom(5)

  constructor(plan: Plan, state: ExecutionState) {
    this.plan = plan
    this.state = state
  }

  /** What the move means now; undefined when nothing. */
  stimulusOf(move: Move): Stimulus | undefined {
    const { pick, choice } = move
    if (move.kind === 'crash') return { kind: 'recovered' }
    if (move.kind === 'verb') return this.#verb(pick, choice)
    if (move.kind === 'repeat') {
      const again = pickOf(this.answered, pick)
      return again && this.#answer(again, choice)
    }
    const command = this.open.splice(pick % Math.max(1, this.open.length), 1)[0]
    if (command === undefined) return this.#verb(pick, choice)
    this.answered.push(command)
    return this.#answer(command, choice)
  }

  stimulate(stimulus: Stimulus): Transition {
    const { nowMs: atMs, tda } = this
    const fits = (_: JsonObject, signal: JsonValue): boolean => typeof signal === 'string'
    if (stimulus.kind === 'recovered') this.open.length = 0
    const made = transition(this.state, stimulus, {
      atMs,
      random: this.#random,
      tda,
      fits,
      patterns: patternRunner,
      policies,
    })
    if (made.events.length > 0) this.rows.push(decodeRow(encodeRow(atMs, made.events)))
    this.open.push(...made.commands)
    this.nowMs += 10
    return made
  }

  /** The state as the journal tells it up to an event. */
  folded(seqMax = Infinity): ExecutionState {
    const state = newExecution(executionId, this.plan, {})
    for (const { atMs, events } of this.rows)
      for (const event of events) if (state.seq < seqMax) fold(state, event, atMs)
    return state
  }

  #answer(command: Command, choice: number): Stimulus | undefined {
    switch (command.kind) {
      case 'admit':
        if (choice % 19 === 0)
          return { kind: 'refused', call: command.call, reason: 'pool', error: retryable }
        if (choice % 7 === 0 && command.slot?.onFull === 'skip')
          return { kind: 'leftOut', call: command.call }
        return { kind: 'admitted', call: command.call, contract: pickOf(contracts, choice)! }
      case 'invoke':
        return {
          ...command,
          kind: 'ended',
          outcome: outcomes[choice % (outcomes.length + 4)] ?? outcomes[0]!,
        }
      case 'lookup':
        return { ...command, kind: 'lookedUp', outcome: pickOf(lookups, choice)! }
      case 'arm':
        this.nowMs = Math.max(this.nowMs, command.timer.dueAtMs)
        return { kind: 'timer', timer: command.timer }
      case 'startChild':
      case 'steerChild': {
        const status = pickOf(['completed', 'failed', 'cancelled'] as const, choice)!
        const error = status === 'completed' ? null : pickOf(errors, choice >> 2)!
        const end = {
          status,
          output: { n: 1 },
          error,
          agentCalls: choice % 3,
          usage: { tokens: choice % 5, costUsd: 0 },
        }
        return { kind: 'childEnded', call: command.call, token: command.token, end }
      }
      case 'rollBack':
        if (choice % 4 === 0) return { kind: 'rollbackRefused', error: definite }
        return this.#rollback(command.to, true)
      default:
        return undefined
    }
  }

  #verb(pick: number, choice: number): Stimulus | undefined {
    const { state } = this
    const uncertain = Array.from(state.live).filter(({ status }) => status === 'uncertain')
    const call = pickOf(uncertain, pick)
    if (call !== undefined && choice % 2 === 0) {
      const kind = pickOf(['retry', 'fail', 'succeed'] as const, choice >> 1)!
      return { kind: 'resolve', call: call.ref, resolution: { kind, output: 'told' } }
    }
    if (state.rollback !== null && choice % 2 === 1) return { kind: 'pause' }
    const letter = pickOf([...state.deadLetters.values()], pick)
    switch (pick % 20) {
      case 0:
      case 1:
        return { kind: 'pause' }
      case 2:
      case 3:
        return { kind: 'resume' }
      case 4:
        return choice % 3 === 0
          ? { kind: choice % 2 === 0 ? 'cancel' : 'undo' }
          : { kind: 'resume' }
      case 5:
        return {
          kind: 'writeState',
          writes: [{ key: pickOf(['a', 'c'], choice)!, value: choice % 3 }],
        }
      case 6:
        return { kind: 'checkpoint', label: pickOf([null, 'here'], choice)! }
      case 7:
      case 12:
        this.tda = pickOf(feeds, choice)!
        return { kind: 'tdaChanged' }
      case 8:
      case 9:
        return this.#rollback(pickOf(checkpointsOf(state), choice)?.checkpointId ?? 'start', false)
      case 10:
        if (letter?.undo == null) return { kind: 'redrive', token: pickOf([null, 3], choice)! }
        return { kind: 'redriveCompensation', undo: letter.undo }
      case 11:
        return choice % 3 > 0 ? undefined : letter && { kind: 'discard', deadLetterId: letter.id }
      case 16:
      case 17:
      case 18:
        return sampleAdaptation(state, pick, choice)
      default:
        return {
          kind: 'signal',
          name: pickOf(['go', 'on'], choice)!,
          data: pickOf(data, choice >> 1)!,
        }
    }
  }

  #rollback(to: string, isAutomatic: boolean): Stimulus | undefined {
    const checkpoint = findCheckpoint(this.state, to, null)
    if (checkpoint == null) return undefined
    const entries = entriesAt(this.folded(checkpoint.seq), this.nowMs)
    const order = { checkpoint, entries, acceptEffects: true, effectsBelow: [], isAutomatic }
    return { kind: 'rollback', order }
  }
}

const origins: readonly Origin[] = [
  { event: { type: 't' } },
  { pins: { 'w@1': 'ff' } },
  {
    pins: { 'w@1': 'ff' },
    flags: { on: true },
    tenant: 'acme',
    chain: ['a'],
    key: 'x/a/1/c1',
    parent: { executionId: 'p', call: { step: 's', index: 1, undo: null }, token: 2, depth: 3 },
  },
]

function started(plan: Plan, choice: number): World {
  const world = new World(plan, newExecution(executionId, plan, { n: 1 }))
  const entries = [
    { key: 'a', value: 7, version: 4, atMs: 1, expiresAtMs: null, metadata: {}, isDeleted: false },
  ]
  const id = plan.steps[0]?.id ?? ''
  const times = { attempts: 1, startedAtMs: 1, endedAtMs: 2 }
  const step = { step: id, status: 'completed', output: 1, error: null, ...times } as const
  const steps = plan.name === 'w' ? [step] : []
  const adapted = { id: 'a0', because: 'b', steps: { [id]: { approval: 'on' } } } as const
  const kept = { pause: false, cause: null, tda: null, seq: 2, atMs: 1, isReverted: false }
  const adaptations = choice % 2 === 0 ? [{ ...adapted, ...kept }] : []
  const fork = { executionId: 'y', seq: 9, steps, entries, adaptations }
  const origin = pickOf(origins, choice)!
  world.stimulate({ kind: 'start', origin: choice % 5 === 0 ? { ...origin, fork } : origin })
  return world
}

/** Plays on with what the world's state and commands make of each move. */
function play(world: World, moves: readonly Move[], heard?: (stimulus: Stimulus) => void): void {
  for (const move of moves) {
    const stimulus = world.stimulusOf(move)
    if (stimulus === undefined) continue
    if (stimulus.kind === 'recovered' && heard === undefined) world.state = world.folded()
    if (heard === undefined) world.stimulate(stimulus)
    else heard(stimulus)
  }
}

/** Which records have fields of their own, by where they are. */
const records: Readonly<Record<string, string>> = {
  '': 'execution',
  '.steps': 'step',
  '.steps.view': 'view',
  '.steps.items': 'items',
  '.steps.calls': 'call',
  '.steps.calls.hosted': 'hosted',
  '.steps.calls.hosted.parts': 'call',
  '.steps.calls.hosted.parts.part': 'part',
  '.undo': 'undo',
  '.undo.call': 'call',
  '.entries': 'entry',
  '.rollback': 'rollback',
  '.deadLetters': 'letter',
  '.checkpoints': 'checkpoint',
}
/** What each of their fields was seen to have: no more than two values of each. */
const seen = new Map<string, Set<string>>()
const memoryOnly = new Set(['requestedCalls', 'isRollbackAsked', 'requested', 'aborting'])

/** Every field of the state as data, whatever fields there are; `keeps` says which. */
function described(state: ExecutionState, keeps: (name: string) => boolean = () => true): string {
  const describe = (value: unknown, path: string): unknown => {
    if (value === undefined) return 'undefined'
    if (typeof value !== 'object' || value === null) return value
    if (value === state.plan) return 'plan'
    if (value instanceof LiveCalls)
      return Array.from(value, (call) => labelOf(call)).concat(`${value.size}`)
    if (value instanceof Map) return Array.from(value, ([key, of]) => [key, describe(of, path)])
    if (value instanceof Set) return ['set', ...value]
    if (Array.isArray(value))
      return Array.from(value, (item, i) => (i in value ? describe(item, path) : 'hole'))
    const record = records[path]
    const fields = Object.entries(value).filter(([name]) => record === undefined || keeps(name))
    fields.sort(([a], [b]) => (a < b ? -1 : 1))
    return fields.map(([name, field]) => {
      const described = special(name, field, record) ?? describe(field, `${path}.${name}`)
      if (record !== undefined) note(`${record}.${name}`, described)
      return [name, described]
    })
  }
  const special = (name: string, field: unknown, record?: string): string | undefined => {
    if (record === 'execution' && name === 'views')
      return `${state.steps.every(({ plan, view }) => state.views[plan.id] === view)}`
    if (record === 'step' && name === 'plan') {
      const { number, maxParallel, work } = field as PlanStep
      return JSON.stringify([number, maxParallel, work])
    }
    if (record === 'part' && name === 'host') return labelOf(field as CallState)
    if (record !== 'call') return undefined
    if (name === 'step') return `${state.steps.indexOf(field as never)}`
    return name === 'before' || name === 'after' ? labelOf(field as CallState | null) : undefined
  }
  return JSON.stringify(describe(state, ''))
}

function labelOf(call: CallState | null): string {
  return call === null ? 'none' : `${callLabel(call.ref)} ${call.ref.undo}`
}

function note(field: string, value: unknown): void {
  const values = seen.get(field) ?? new Set()
  if (values.size < 2) seen.set(field, values.add(JSON.stringify(value)))
}

function expectSame(actual: string, expected: string): void {
  if (actual !== expected) expect(JSON.parse(actual)).toEqual(JSON.parse(expected))
  expect(actual === expected).toBe(true)
}

function reread(state: ExecutionState): ExecutionState {
  return decodeState(encodeState(state), state.plan)
}

test(
  'a snapshot taken after any event gives the state that was folded, then and after every later event',
  { timeout: 60_000 },
  () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(anyRun, fc.nat(10_000), ({ plan, moves }, choice) => {
        const world = started(plan, choice)
        play(world, moves)
        const events = world.rows.flatMap((row) => row.events.map((event) => ({ ...row, event })))
        const folded = newExecution(executionId, plan, {})
        // One is read anew after every event, the other was read once.
        let chained = reread(folded)
        expectSame(described(chained), described(folded))
        let once: ExecutionState | null = null
        for (const [n, { atMs, event }] of events.entries()) {
          kinds.add(event.kind)
          if (n === choice % events.length) once = reread(folded)
          for (const state of [folded, chained, once]) if (state !== null) fold(state, event, atMs)
          chained = reread(chained)
          const expected = described(folded)
          expectSame(described(chained), expected)
          if (once !== null) expectSame(described(once), expected)
        }
      }),
      { ...bounds, numRuns: 250, seed: 9 },
    )
    expect([...kernelEventKinds].filter((kind) => !kinds.has(kind))).toEqual([])
    const constant = [...seen].filter(([, values]) => values.size < 2).map(([field]) => field)
    const never = [
      'execution.executionId',
      'execution.plan',
      'execution.version',
      'execution.views',
    ]
    const inMemory = [
      'execution.isRollbackAsked',
      'execution.requestedCalls',
      'call.aborting',
      'call.requested',
    ]
    expect(constant.toSorted()).toEqual([...never, ...inMemory].toSorted())
  },
)

test('whatever comes after a snapshot was read, its events and commands are those of the folded state', () => {
  fc.assert(
    fc.property(anyRun, fc.nat(10_000), ({ plan, moves }, choice) => {
      const before = started(plan, choice)
      play(before, moves.slice(0, choice % moves.length))
      const [a, b] = [new World(plan, before.folded()), new World(plan, reread(before.folded()))]
      for (const world of [a, b]) {
        world.rows.push(...before.rows)
        world.nowMs = before.nowMs
      }
      const both = (stimulus: Stimulus): void => {
        b.nowMs = a.nowMs
        b.tda = a.tda
        const made = a.stimulate(stimulus)
        expect(b.stimulate(stimulus)).toEqual(made)
        expectSame(described(b.state), described(a.state))
      }
      both({ kind: 'recovered' })
      play(a, moves.slice(choice % moves.length), both)
    }),
    { ...bounds, numRuns: 100, seed: 118 },
  )
})

test('a snapshot of a state that is being driven has all but what only memory knows', () => {
  fc.assert(
    fc.property(anyRun, fc.nat(10_000), ({ plan, moves }, choice) => {
      const world = started(plan, choice)
      for (const move of moves) {
        play(world, [move])
        const kept = (name: string): boolean => !memoryOnly.has(name)
        const read = reread(world.state)
        expectSame(described(read, kept), described(world.state, kept))
        expect([read.requestedCalls, read.isRollbackAsked]).toEqual([0, false])
        for (const call of read.live)
          expect([call.requested, call.aborting]).toEqual([false, false])
      }
    }),
    { ...bounds, numRuns: 60, seed: 13 },
  )
})

test('what two fields share stands in a snapshot once and is shared again', () => {
  const world = started(samplePlans[0] as Plan, 1)
  const answers = Array.from({ length: 60 }, (): Move => ({ kind: 'answer', pick: 0, choice: 1 }))
  play(world, answers)
  const text = encodeState(world.folded())
  const { steps, undo } = decodeState(text, world.plan)
  const [list] = steps
  expect(list?.view.output).toEqual(Array.from({ length: 4 }, () => ({ v: { v: [1, null, 'x'] } })))
  expect(list?.view.output).toBe(list?.items?.outputs)
  expect(undo[0]?.input).toBe(list?.calls[0]?.input)
  expect(text.split('{"v":{"v":[1,null,"x"]}}')).toHaveLength(5)
})

test('a list of which some items have no output yet keeps its gaps, and an execution its version', () => {
  const state = newExecution(executionId, samplePlans[0] as Plan, {})
  const at = { step: 'list', index: 1 }
  const events: readonly KernelEvent[] = [
    { kind: 'ExecutionStarted', executionId, kernelVersion: 1, input: {} },
    { kind: 'StepScheduled', step: 'list', items: [1, 2, 3, 4] },
    { kind: 'CallScheduled', step: 'list', index: 0, call: {} },
    { kind: 'CallScheduled', ...at, call: {} },
    { kind: 'CallCompleted', ...at, output: null },
  ]
  for (const event of events) fold(state, event, 5)
  const read = reread(state)
  expect([read.version, kernelVersion > 1]).toEqual([1, true])
  const outputs = read.steps[0]?.items?.outputs
  expect([outputs?.length, 0 in (outputs ?? []), outputs?.[1]]).toEqual([2, false, null])
})

test('a snapshot of another version, document or kind of record is refused, and so is what is none', () => {
  const plan = samplePlans[0] as Plan
  const text = encodeState(newExecution(executionId, plan, {}))
  const other = (change: (parts: unknown[]) => void): string => {
    const parts = JSON.parse(text) as unknown[]
    change(parts)
    return JSON.stringify(parts)
  }
  expect(text.startsWith(`[${kernelVersion},`)).toBe(true)
  expect(
    decodeState(
      other(() => undefined),
      plan,
    ).executionId,
  ).toBe(executionId)
  const { steps } = plan
  const shortened = { ...plan, steps: steps.slice(1) }
  const turned = { ...plan, steps: steps.toReversed() }
  const refused: readonly (readonly [string, Plan, RegExp])[] = [
    [other((parts) => (parts[0] = kernelVersion + 1)), plan, /version is/],
    [other((parts) => (parts[1] = 'other')), plan, /layout is other/],
    [text, { ...plan, hash: '01' }, /document is 00, not 01/],
    [text, shortened, /other steps/],
    [text, turned, /other steps/],
    [other((parts) => (parts[4] = null)), plan, /cannot be used/],
    [text.slice(0, -9), plan, /cannot be used/],
    ['null', plan, /cannot be used/],
    ['', plan, /cannot be used/],
  ]
  for (const [damaged, of, message] of refused) {
    const refusal = expect.objectContaining({
      code: 'InternalError',
      message: expect.stringMatching(message) as unknown,
    }) as unknown
    expect(() => decodeState(damaged, of)).toThrow(refusal)
  }
})
