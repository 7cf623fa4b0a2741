import { type AgentContext, type BaseAgent, defineAgent, suspend } from '../../src/agents/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import type { Random } from '../../src/core/random.ts'
import type { OutsideLog } from './outside-log.ts'

/** A value that is stored apart, because it is over 32 KiB. */
const largeText = (n: number): string => `${n % 10}`.repeat(40_000)

/** How the agents of one process behave. */
export interface Temper {
  readonly log: OutsideLog
  readonly random: Random
  /** Share of the attempts that fail although nothing is wrong. */
  readonly failShare: number
  /** Share of these failures that no retry helps. Default 0. */
  readonly definiteShare?: number
  /** How long an attempt takes at most, on either side of its effect. */
  readonly momentMsMax: number
}

/** Agents whose effects are lines of the outside log, under the key of the call. */
export function featureAgents(temper: Temper): readonly BaseAgent[] {
  return [
    defineAgent({
      type: 'outside',
      actions: { ...workActions(temper), ...undoActions(temper), ...oddActions(temper) },
      config: { resourceLimits: { maxConcurrent: 60 } },
    }),
  ]
}

function workActions(temper: Temper) {
  const { log } = temper
  const lookup = (key: string) => (log.has('effect', key) ? { key } : undefined)
  return {
    look: { effect: 'read', run: (_: unknown, call: AgentContext) => acted(temper, call, null) },
    write: {
      effect: 'idempotent',
      run: (_: unknown, call: AgentContext) => acted(temper, call, onceOnly(log, 'effect')),
    },
    pay: {
      effect: 'once',
      lookup,
      run: (_: unknown, call: AgentContext) => acted(temper, call, blindly(log, 'effect')),
    },
    mail: {
      effect: 'once',
      run: (_: unknown, call: AgentContext) => acted(temper, call, blindly(log, 'effect')),
    },
    /** As `mail`, and never at fault. */
    post: {
      effect: 'once',
      run: (_: unknown, call: AgentContext) =>
        acted({ ...temper, failShare: 0 }, call, blindly(log, 'effect')),
    },
    order: {
      effect: 'once',
      lookup,
      run: (input: unknown, call: AgentContext) => {
        const { order } = input as { readonly order: string }
        return acted(temper, call, (key) => {
          log.note('effect', key, order)
          log.note('order', order)
        })
      },
    },
    count: {
      effect: 'idempotent',
      run: async (_: unknown, call: AgentContext) => {
        call.state.update('count', (n) => Number(n ?? 0) + 1)
        return acted(temper, call, onceOnly(log, 'effect'))
      },
    },
  } as const
}

function undoActions(temper: Temper) {
  const { log } = temper
  const lookup = (key: string) => (log.has('undo', undone(key)) ? { key } : undefined)
  return {
    undo: {
      effect: 'idempotent',
      run: (_: unknown, call: AgentContext) => acted(temper, call, onceOnly(log, 'undo')),
    },
    undoOnce: {
      effect: 'once',
      lookup,
      run: (_: unknown, call: AgentContext) => acted(temper, call, blindly(log, 'undo')),
    },
    /** Fails for good until it is asked for the third time. */
    undoLate: {
      effect: 'idempotent',
      run: async (_: unknown, call: AgentContext) => {
        log.note('try', call.idempotencyKey)
        if (log.count('try', call.idempotencyKey) < 3) throw definite('the desk is closed')
        return acted(temper, call, onceOnly(log, 'undo'))
      },
    },
  } as const
}

function oddActions(temper: Temper) {
  const { log } = temper
  return {
    break: { effect: 'read', run: () => Promise.reject(definite('out of paper')) },
    /** Fails for good until it is asked for the third time. */
    late: {
      effect: 'idempotent',
      run: async (_: unknown, call: AgentContext) => {
        log.note('try', call.idempotencyKey)
        if (log.count('try', call.idempotencyKey) < 3) throw definite('not yet')
        return acted(temper, call, onceOnly(log, 'effect'))
      },
    },
    /** The first attempt says nothing until it is told to stop. */
    slow: {
      effect: 'idempotent',
      run: async (_: unknown, call: AgentContext) => {
        log.note('try', call.idempotencyKey)
        if (log.count('try', call.idempotencyKey) < 2) await moment(call, 3_600_000)
        return acted(temper, call, onceOnly(log, 'effect'))
      },
    },
    ask: {
      effect: 'idempotent',
      run: async (_: unknown, call: AgentContext) =>
        call.resumed === null
          ? suspend({ signal: 'answer' })
          : acted(temper, call, onceOnly(log, 'effect')),
    },
    large: {
      effect: 'read',
      run: async (input: unknown) => ({ text: largeText((input as { readonly n: number }).n) }),
    },
    weigh: {
      effect: 'read',
      run: async (input: unknown) => {
        const { text, n } = input as { readonly text: string; readonly n: number }
        if (text !== largeText(n)) log.note('wrong', `large-${n}`)
        return text.length
      },
    },
  } as const
}

/** The key of the call that a compensation undoes. */
function undone(key: string): string {
  return key.replace(/\/compensate$/, '')
}

type Effect = (key: string) => void

/** A service that knows the keys of its callers: the second call changes nothing. */
function onceOnly(log: OutsideLog, what: 'effect' | 'undo'): Effect {
  return (key) => {
    if (!log.has(what, undone(key))) log.note(what, undone(key))
  }
}

/** A service that does what it is told, every time. */
function blindly(log: OutsideLog, what: 'effect' | 'undo'): Effect {
  return (key) => log.note(what, undone(key))
}

/** An attempt: it takes a moment, may fail before and after its effect, and obeys when it is to stop. */
async function acted(temper: Temper, call: AgentContext, effect: Effect | null) {
  const { random, failShare, definiteShare = 0, momentMsMax } = temper
  const { idempotencyKey: key } = call
  await moment(call, random() * momentMsMax)
  if (random() < failShare / 2)
    throw random() < definiteShare ? definite('refused') : new Error('a hiccup before')
  effect?.(key)
  await moment(call, random() * momentMsMax)
  if (random() < failShare / 2) throw new Error('a hiccup after')
  return { key }
}

function definite(message: string): Error {
  return Object.assign(new Error(message), { retryable: false })
}

function moment({ signal }: AgentContext, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(new Error('stopped'))
    if (signal.aborted) return stop()
    const cancel = systemClock.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', () => (cancel(), stop()), { once: true })
  })
}
