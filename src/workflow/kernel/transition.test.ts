import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ActionContract } from '../../core/contracts/call.ts'
import { unavailableTda } from '../../core/contracts/tda.ts'
import { patternRunner } from '../../patterns/index.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { seededRandom } from '../../core/random.ts'
import { readDocumentData } from '../document/read.ts'
import { compilePlan } from '../plan/compile-plan.ts'
import type { Plan } from '../plan/plan.ts'
import type { CallRef } from './call-ref.ts'
import { decodeRow, encodeRow } from './codec.ts'
import { fold } from './fold.ts'
import { callsOf } from './hosted-state.ts'
import { type CallState, type ExecutionState, newExecution } from './state.ts'
import type { Command, Stimulus } from './stimulus.ts'
import { transition } from './transition.ts'

const executionId = 'x'

/** One execution under random treatment, with the state that its journal gives beside the live one. */
class Bench {
  readonly plan: Plan
  live: ExecutionState
  folded: ExecutionState
  /** Every command ever given: answers may come late and twice. */
  readonly commands: Command[] = []
  nowMs = 1_000
  finished = 0
  readonly #random = seededRandom(3)
  readonly #rows: string[] = []

  constructor(plan: Plan) {
    this.plan = plan
    this.live = newExecution(executionId, plan, { n: 2 })
    this.folded = newExecution(executionId, plan, {})
  }

  /** Hands it to the live state, and what it records to the folded one over the text of a journal row. */
  stimulate(stimulus: Stimulus): readonly Command[] {
    const moment = {
      atMs: this.nowMs,
      random: this.#random,
      tda: unavailableTda,
      fits: () => true,
      patterns: patternRunner,
    }
    const { events, commands } = transition(this.live, stimulus, moment)
    this.commands.push(...commands)
    this.finished += commands.filter(({ kind }) => kind === 'finished').length
    if (events.length > 0) {
      const text = encodeRow(this.nowMs, events)
      this.#rows.push(text)
      const row = decodeRow(text)
      expect(row.events).toEqual(events)
      for (const event of row.events) fold(this.folded, event, row.atMs)
    }
    return commands
  }

  /** The process dies: only what was recorded remains. */
  crash(): readonly Command[] {
    this.live = this.#fromJournal()
    this.folded = this.#fromJournal()
    return this.stimulate({ kind: 'recovered' })
  }

  #fromJournal(): ExecutionState {
    const state = newExecution(executionId, this.plan, {})
    for (const text of this.#rows) {
      const { atMs, events } = decodeRow(text)
      for (const event of events) fold(state, event, atMs)
    }
    return state
  }
}

/** The state as data, without what only the process that drives it knows. */
function recorded(state: ExecutionState): unknown {
  const {
    plan: _all,
    live,
    steps,
    undo,
    counts,
    requestedCalls: _requested,
    ready,
    signals,
    ...rest
  } = state
  return {
    ...rest,
    ready: [...ready],
    signals: [...signals],
    live: [...live].map(({ ref }) => label(ref)).toSorted(),
    counts: Object.values(counts).reduce((sum, count) => sum + count, 0),
    steps: steps.map(({ plan: _plan, calls, ...step }) => ({
      ...step,
      calls: calls.map(recordedCall),
    })),
    undo: undo.map(({ call, ...entry }) => ({
      ...entry,
      call: call === null ? null : recordedCall(call),
    })),
  }
}

/** A delay that is over and a question that is asked are not recorded: a crash repeats both. */
const unrecorded: Readonly<Record<string, string>> = {
  backoff: 'moving',
  polling: 'moving',
  scheduled: 'moving',
  running: 'moving',
  lookingUp: 'moving',
}

function recordedCall(call: CallState): unknown {
  const { status, hosted, part, ...rest } = call
  const ownProcess = ['step', 'requested', 'aborting', 'error', 'before', 'after']
  // That a lookup said never is not recorded either: after a crash it is asked again.
  if (unrecorded[status] !== undefined || status === 'scheduled') ownProcess.push('isLost')
  const kept = Object.entries(rest).filter(([key]) => !ownProcess.includes(key))
  return {
    ...Object.fromEntries(kept),
    status: unrecorded[status] ?? status,
    hosted: hosted && { ...hosted, parts: hosted.parts.map(recordedCall) },
    part: part && { ...part, host: label(part.host.ref) },
  }
}

function label({ step, index, undo, part }: CallRef): string {
  return `${step}[${index}]/${undo}/${part}`
}

/** What must be true of every state. */
function checkInvariants(state: ExecutionState): void {
  const calls = state.steps
    .flatMap((step) => [...callsOf(step)])
    .concat(state.undo.flatMap(({ call }) => call ?? []))
  const final = new Set(['completed', 'failed', 'cancelled'])
  const live = calls.filter(({ status }) => !final.has(status))
  expect([...state.live].map(({ ref }) => label(ref)).toSorted()).toEqual(
    live.map(({ ref }) => label(ref)).toSorted(),
  )
  for (const [status, count] of Object.entries(state.counts)) {
    expect([status, count]).toEqual([status, calls.filter((call) => call.status === status).length])
  }
  const asked = live.filter((call) => call.requested && call.ref.undo === null && !call.redeliver)
  expect(state.requestedCalls).toBe(asked.length)
  const { agentCallsMax } = state.plan
  if (agentCallsMax !== null)
    expect(state.agentCalls + state.requestedCalls).toBeLessThanOrEqual(agentCallsMax)
  expect(state.steps.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(state.agentCalls)
  for (const step of state.steps) {
    expect(step.liveCalls).toBe(
      live.filter(
        ({ ref, part }) => ref.step === step.plan.id && ref.undo === null && part === null,
      ).length,
    )
    expect(step.liveCalls).toBeLessThanOrEqual(step.items === null ? 1 : step.plan.maxParallel)
  }
  if (state.phase === 'ended') expect(state.live.size).toBe(0)
  expect(state.signalCount).toBe(
    [...state.signals.values()].reduce((sum, kept) => sum + kept.length, 0),
  )
}

const contracts: readonly ActionContract[] = (['read', 'idempotent', 'once', 'once'] as const).map(
  (effect, i) => ({
    agentId: 'a',
    agentType: 'a',
    effect,
    hasLookup: i === 3,
    hash: '0123456789ab',
  }),
)

const anyOutput = fc.constantFrom<JsonValue>(
  null,
  true,
  { done: true },
  { done: false, n: 1 },
  [1, 'x'],
  'text',
  -0.5,
)
const anyError = fc.record({
  code: fc.constant('AgentError'),
  message: fc.constant('no'),
  retryable: fc.boolean(),
  hint: fc.constant(null),
  details: fc.constantFrom<JsonObject | null>(null, { retryAfterMs: 5 }),
})
const anyOutcome = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('completed' as const), output: anyOutput }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('failed' as const), error: anyError }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unknown' as const), error: anyError }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('suspended' as const),
      signal: fc.constantFrom('go', 'on'),
      schema: fc.constant(null),
      resumeToken: anyOutput,
    }),
  },
)
const anyLookup = fc.oneof(
  fc.record({ kind: fc.constant('completed' as const), output: anyOutput }),
  fc.constant({ kind: 'never' as const }),
  fc.record({ kind: fc.constant('unknown' as const), error: fc.option(anyError) }),
)
const anyRef = fc.record({
  step: fc.constantFrom('s0', 's1', 's2', 's3', 'none'),
  index: fc.option(fc.integer({ min: 0, max: 3 })),
  undo: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 4 }),
  part: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
})
const anyResolution = fc.oneof(
  fc.constant({ kind: 'retry' as const }),
  fc.constant({ kind: 'fail' as const }),
  fc.record({ kind: fc.constant('succeed' as const), output: anyOutput }),
)

type Move =
  | {
      readonly kind: 'answer'
      readonly pick: number
      readonly recent: boolean
      readonly outcome: unknown
      readonly lookup: unknown
      readonly contract: number
    }
  | { readonly kind: 'stimulus'; readonly stimulus: Stimulus }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'crash' }

const anyMove: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      pick: fc.nat(1_000),
      recent: fc.boolean(),
      outcome: anyOutcome,
      lookup: anyLookup,
      contract: fc.nat(3),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('stimulus' as const),
      stimulus: fc.oneof<fc.Arbitrary<Stimulus>[]>(
        fc.record({
          kind: fc.constant('signal' as const),
          name: fc.constantFrom('go', 'on', 'other'),
          data: anyOutput,
        }),
        fc.record({
          kind: fc.constant('resolve' as const),
          call: anyRef,
          resolution: anyResolution,
        }),
        fc.record({
          kind: fc.constant('resolve' as const),
          call: anyRef,
          resolution: anyResolution,
        }),
        fc.record({
          kind: fc.constant('ended' as const),
          call: anyRef,
          token: fc.nat(3),
          outcome: anyOutcome,
        }),
        fc.record({
          kind: fc.constant('lookedUp' as const),
          call: anyRef,
          token: fc.nat(3),
          outcome: anyLookup,
        }),
        fc.record({
          kind: fc.constant('admitted' as const),
          call: anyRef,
          contract: fc.constantFrom(...contracts),
        }),
        fc.record({
          kind: fc.constant('timer' as const),
          timer: fc.record({ call: fc.option(anyRef), dueAtMs: fc.nat(50_000) }),
        }),
        fc.constant({ kind: 'pause' as const }),
        fc.constant({ kind: 'resume' as const }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(20_000) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Move>(
      { kind: 'stimulus', stimulus: { kind: 'pause' } },
      { kind: 'stimulus', stimulus: { kind: 'cancel' } },
    ),
  },
)

const agentStep = fc
  .record(
    {
      forEach: fc.constantFrom('[1, 2, 3]', '[]', 'input.n', '[7]'),
      maxParallel: fc.constantFrom(1, 2),
      retry: fc.record({
        maxAttempts: fc.integer({ min: 1, max: 3 }),
        jitter: fc.constantFrom(0, 1),
      }),
      fallback: fc.constantFrom<JsonValue>({ agent: 'b', action: 'do' }, [
        { agent: 'b', action: 'do', with: { x: '${ input.gone }' } },
        { agent: 'c', action: 'do' },
      ]),
      compensate: fc.constantFrom<JsonValue>(
        { agent: 'u', action: 'undo' },
        { agent: 'u', action: 'undo', with: { x: '${ call.output.n }' } },
      ),
      repeat: fc.constantFrom<JsonValue>(
        { until: 'output.done', maxTimes: 2 },
        { until: 'output == true', maxTimes: 3, delay: '5s' },
      ),
      outputs: fc.constantFrom<JsonValue>({ v: '${ output }' }, { v: '${ output.n }' }),
      timeout: fc.constantFrom('1s', '${ input.n * 1000 }', '${ input.gone }'),
      with: fc.constantFrom<JsonValue>({ v: '${ input.n }' }, { v: '${ input.gone }' }),
    },
    { requiredKeys: [] },
  )
  .map((step) => {
    const { maxParallel, ...rest } = step
    const withItems =
      rest.forEach === undefined || maxParallel === undefined ? rest : { ...rest, maxParallel }
    return { agent: 'a', action: 'do', ...withItems }
  })
const anyPattern = fc.constantFrom<JsonObject>(
  { pattern: 'pipeline', agents: ['a', 'b', 'c'], options: { stopWhen: 'output == true' } },
  { pattern: 'pipeline', agents: ['a', 'b'], options: { joints: [{ map: '${ output.n }' }] } },
  { pattern: 'fanOut', agents: ['a', 'b', 'c'], options: { failuresMax: 1, deadline: '4s' } },
  { pattern: 'fanOut', agents: ['a', 'b', 'c'], options: { strategy: 'first' } },
  { pattern: 'consensus', agents: ['a', 'b', 'c'], options: { field: 'done', deadline: '4s' } },
  { pattern: 'consensus', agents: ['a', 'b', 'c'], options: { field: 'done', strategy: 'quorum' } },
  { pattern: 'hierarchical', agents: ['a', 'b'] },
)
const patternStep = fc
  .tuple(anyPattern, fc.option(anyPattern), agentStep)
  .map(([own, other, { agent: _agent, ...step }]) => {
    if (other === null) return { ...step, ...own }
    return { ...step, ...own, fallback: { ...other, action: 'do' } }
  })
const anyStep = fc
  .tuple(
    fc.oneof(
      { weight: 5, arbitrary: agentStep },
      { weight: 4, arbitrary: patternStep },
      {
        weight: 1,
        arbitrary: fc.constantFrom<JsonObject>(
          { sleep: '2s' },
          { sleep: '${ input.n }' },
          { sleep: '1s', forEach: '[1, 2]' },
        ),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom<JsonObject>(
          { waitFor: { signal: 'go' } },
          { waitFor: { signal: 'on', timeout: '3s', onTimeout: 'continue' } },
          { waitFor: { signal: 'go', timeout: '3s' }, outputs: { v: '${ output.n }' } },
        ),
      },
    ),
    fc.record(
      {
        when: fc.constantFrom('true', 'false', 'input.n', 'input.n > 1'),
        whenSkipped: fc.constant('run'),
        continueOnFailure: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    fc.array(fc.nat(3), { maxLength: 3 }),
  )
  .map(([work, rest, needs]) => ({ work: { ...work, ...rest }, needs }))

const anyDocument = fc
  .record({
    steps: fc.array(anyStep, { minLength: 1, maxLength: 4 }),
    rest: fc.record(
      {
        onFailure: fc.constantFrom('compensate', 'keep'),
        timeout: fc.constantFrom('10s', '${ input.n * 5000 }', '${ input.gone }'),
        budget: fc.record({ agentCalls: fc.integer({ min: 1, max: 6 }) }),
        output: fc.constantFrom<JsonValue>({ v: '${ input.n }' }, '${ input.gone }'),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ steps, rest }) => {
    const named = Object.fromEntries(
      steps.map(({ work, needs }, i) => [
        `s${i}`,
        {
          ...work,
          needs: [...new Set(needs.filter((need) => need < i))].map((need) => `s${need}`),
        },
      ]),
    )
    return { name: 'random', version: '1.0.0', ...rest, steps: named }
  })

function planOf(data: unknown): Plan {
  const { document, problems } = readDocumentData(data)
  if (document === null)
    throw new Error(problems.map(({ path, message }) => `${path}: ${message}`).join('; '))
  return compilePlan(document, '00')
}

/** The answer to a command; null when it needs none. */
function answerTo(command: Command, move: Move & { kind: 'answer' }): Stimulus | null {
  const outcome = move.outcome as (Stimulus & { kind: 'ended' })['outcome']
  switch (command.kind) {
    case 'admit':
      return {
        kind: 'admitted',
        call: { ...command.call },
        contract: contracts[move.contract] as ActionContract,
      }
    case 'invoke':
      return { kind: 'ended', call: { ...command.call }, token: command.token, outcome }
    case 'lookup':
      return {
        kind: 'lookedUp',
        call: { ...command.call },
        token: command.token,
        outcome: move.lookup as (Stimulus & { kind: 'lookedUp' })['outcome'],
      }
    case 'arm':
    case 'disarm':
      return { kind: 'timer', timer: command.timer }
    default:
      return null
  }
}

function play(bench: Bench, move: Move): void {
  if (move.kind === 'pass') bench.nowMs += move.ms
  else if (move.kind === 'crash') bench.crash()
  else if (move.kind === 'stimulus') bench.stimulate(move.stimulus)
  else {
    const { commands } = bench
    const among = move.recent ? commands.slice(-4) : commands
    const command = among[move.pick % Math.max(1, among.length)]
    const stimulus = command === undefined ? null : answerTo(command, move)
    if (stimulus !== null) bench.stimulate(stimulus)
  }
}

test('whatever happens in whatever order, the journal gives the same state as the live one', () => {
  fc.assert(
    fc.property(
      anyDocument,
      fc.array(anyMove, { maxLength: 80, size: 'max' }),
      (document, moves) => {
        const bench = new Bench(planOf(document))
        bench.stimulate({ kind: 'start' })
        for (const move of moves) {
          play(bench, move)
          checkInvariants(bench.live)
          expect(recorded(bench.folded)).toEqual(recorded(bench.live))
        }
        expect(bench.finished).toBe(bench.live.phase === 'ended' ? 1 : 0)
      },
    ),
    { numRuns: 300 },
  )
})

test('whatever has happened, a recovered execution comes to its end once everything answers', () => {
  fc.assert(
    fc.property(
      anyDocument,
      fc.array(anyMove, { maxLength: 60, size: 'max' }),
      (document, moves) => {
        const bench = new Bench(planOf(document))
        bench.stimulate({ kind: 'start' })
        for (const move of moves) play(bench, move)
        driveToEnd(bench)
        expect(bench.live.phase).toBe('ended')
        expect(bench.finished).toBe(1)
        checkInvariants(bench.live)
      },
    ),
    { numRuns: 800 },
  )
})

test('the same answer twice changes nothing the second time', () => {
  fc.assert(
    fc.property(
      anyDocument,
      fc.array(anyMove, { maxLength: 60, size: 'max' }),
      (document, moves) => {
        const bench = new Bench(planOf(document))
        bench.stimulate({ kind: 'start' })
        for (const move of moves) {
          play(bench, move)
          if (move.kind !== 'answer') continue
          const { seq } = bench.live
          play(bench, { ...move, pick: bench.commands.length - 1, recent: false })
          const ended = bench.commands.findLast(({ kind }) => kind === 'invoke')
          const second = ended === undefined ? null : answerTo(ended, move)
          if (second === null) continue
          bench.stimulate(second)
          const after = bench.live.seq
          expect(after).toBeGreaterThanOrEqual(seq)
          bench.stimulate(second)
          expect(bench.live.seq).toBe(after)
        }
      },
    ),
    { numRuns: 300 },
  )
})

test('the same journal, stimulus and moment give the same events and commands', () => {
  fc.assert(
    fc.property(
      anyDocument,
      fc.array(anyMove, { maxLength: 60, size: 'max' }),
      (document, moves) => {
        const plan = planOf(document)
        const [a, b] = [new Bench(plan), new Bench(plan)]
        for (const bench of [a, b]) {
          bench.stimulate({ kind: 'start' })
          for (const move of moves) play(bench, move)
        }
        expect(b.commands).toEqual(a.commands)
        expect(recorded(b.live)).toEqual(recorded(a.live))
      },
    ),
    { numRuns: 200 },
  )
})

/** A quiet world: every place is free, every call succeeds, every timer fires, every signal comes. */
function driveToEnd(bench: Bench): void {
  const kind: Move = {
    kind: 'answer',
    pick: 0,
    recent: false,
    outcome: { kind: 'completed', output: { done: true, n: 1 } },
    lookup: { kind: 'completed', output: { done: true, n: 1 } },
    contract: 0,
  }
  if (bench.live.phase === 'ended') return
  const queue = [...bench.crash()]
  for (let rounds = 0; rounds < 500 && !isOver(bench); rounds++) {
    const command = queue.shift()
    if (command !== undefined) {
      if (command.kind === 'arm') bench.nowMs = Math.max(bench.nowMs, command.timer.dueAtMs)
      const stimulus = command.kind === 'disarm' ? null : answerTo(command, kind)
      if (stimulus !== null) queue.push(...bench.stimulate(stimulus))
      continue
    }
    if (bench.live.paused) queue.push(...bench.stimulate({ kind: 'resume' }))
    for (const call of bench.live.live) {
      if (call.status === 'uncertain') {
        queue.push(
          ...bench.stimulate({
            kind: 'resolve',
            call: call.ref,
            resolution: { kind: 'succeed', output: { done: true, n: 1 } },
          }),
        )
      } else if (call.signal !== null)
        queue.push(...bench.stimulate({ kind: 'signal', name: call.signal, data: { n: 1 } }))
    }
  }
}

function isOver({ live }: Bench): boolean {
  return live.phase === 'ended'
}
