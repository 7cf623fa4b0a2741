import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BreakerSettings, CircuitBreaker, type Verdict } from './circuit-breaker.ts'
import { FakeClock } from './fake-clock.ts'
import { AgentPool } from './pool.ts'
import { verdictOf } from './verdict.ts'

const settings: BreakerSettings = {
  failureRatio: 0.5,
  callsMin: 4,
  windowMs: 10_000,
  openMs: 5_000,
  probes: 1,
}

function breakerOf(more: Partial<BreakerSettings> = {}) {
  const clock = new FakeClock()
  const states: string[] = []
  const breaker = new CircuitBreaker(
    'llm',
    { ...settings, ...more },
    { clock: () => clock, onChange: (state) => states.push(state) },
  )
  const end = (...verdicts: Verdict[]): void => {
    for (const verdict of verdicts) breaker.ended(verdict)
  }
  return { clock, breaker, states, end }
}

test('it opens at the failure ratio, and not before enough calls have ended', () => {
  const { breaker, end } = breakerOf()
  end('failure', 'failure', 'failure')
  expect(breaker.places()).toBe(Infinity)
  end('success')
  expect(breaker.places()).toBe(Infinity)
  end('failure')
  expect([breaker.state, breaker.places()]).toEqual(['open', 0])
})

test('calls that ended before the window do not count, and what says nothing never does', () => {
  const { breaker, clock, end } = breakerOf()
  end('failure', 'failure', 'failure')
  clock.advance(11_000)
  end('failure', 'none', 'none')
  expect(breaker.view).toEqual({ state: 'closed', calls: 1, failures: 1, opensInMs: 0 })
})

test('after openMs so many calls as probes try the agent, and their successes close the breaker', () => {
  const { breaker, clock, states, end } = breakerOf({ probes: 2 })
  end('failure', 'failure', 'failure', 'failure')
  clock.advance(4_999)
  expect(breaker.places()).toBe(0)
  clock.advance(1)
  expect(breaker.places()).toBe(2)
  end('success')
  expect(breaker.state).toBe('halfOpen')
  end('success')
  expect([breaker.places(), breaker.view.calls]).toEqual([Infinity, 0])
  expect(states).toEqual(['open', 'halfOpen', 'closed'])
})

test('a probe that fails opens it again for as long', () => {
  const { breaker, clock, end } = breakerOf()
  end('failure', 'failure', 'failure', 'failure')
  clock.advance(5_000)
  breaker.places()
  end('failure')
  expect(breaker.refusal()).toMatchObject({
    code: 'AgentCommunicationError',
    retryable: true,
    details: { agentId: 'llm', breaker: 'open', retryAfterMs: 5_000 },
  })
})

test('calls that had begun before it opened change nothing', () => {
  const { breaker, end } = breakerOf()
  end('failure', 'failure', 'failure', 'failure', 'success', 'failure')
  expect(breaker.view.calls).toBe(4)
})

test('what an outcome says of its agent', () => {
  const error = (code: string, retryable: boolean, details: { retryAfterMs?: number } = {}) => ({
    code,
    message: '',
    retryable,
    hint: null,
    details,
  })
  const failed = (...of: Parameters<typeof error>): Verdict =>
    verdictOf({ kind: 'failed', error: error(...of) })
  expect(verdictOf({ kind: 'completed', output: null })).toBe('success')
  expect(failed('AgentError', false)).toBe('success')
  expect(failed('AgentError', true)).toBe('failure')
  expect(failed('WorkflowTimeoutError', true)).toBe('failure')
  expect(failed('AgentOutputError', false)).toBe('failure')
  expect(failed('AgentInputError', false)).toBe('none')
  expect(failed('WorkflowCancelledError', true)).toBe('none')
  expect(failed('AgentCommunicationError', true, { retryAfterMs: 500 })).toBe('none')
  expect(verdictOf({ kind: 'unknown', error: error('AgentError', true) })).toBe('failure')
})

test('when it opens, whoever waits in the queue is refused, and places come back one by one', () => {
  const { breaker, clock } = breakerOf()
  const size = { maxConcurrent: 4, queueMax: 10 }
  const pool = new AgentPool({ ...size, breaker, clock: () => clock })
  const answers: string[] = []
  const ask = (name: string): string =>
    pool.acquire((answer) => answers.push(`${name} ${answer}`), { owner: name, age: 0 })
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) ask(name)
  for (let failed = 0; failed < 4; failed++) pool.release('failure')
  // The fourth failure opens it: e and f had got the places of the first and the second.
  expect(answers).toEqual(['e granted', 'f granted'])
  expect(ask('g')).toBe('open')
  pool.release()
  pool.release()
  clock.advance(5_000)
  expect([ask('h'), ask('i'), ask('j')]).toEqual(['granted', 'queued', 'queued'])
  pool.release('failure')
  expect(answers.slice(2)).toEqual(['i open', 'j open'])
  clock.advance(5_000)
  expect([ask('k'), ask('l')]).toEqual(['granted', 'queued'])
  pool.release('success')
  expect(answers.at(-1)).toBe('l granted')
  expect([pool.held, pool.waiting, breaker.state]).toEqual([1, 0, 'closed'])
})

test('whatever happens, no place is granted while it is open, and half-open no more than probes', () => {
  const step = fc.record({
    kind: fc.constantFrom('ask', 'ask', 'end', 'pass'),
    verdict: fc.constantFrom<Verdict>('success', 'failure', 'failure', 'none'),
    ms: fc.nat(4_000),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 150 }),
      fc.integer({ min: 1, max: 3 }),
      (steps, probes) => {
        const { breaker, clock } = breakerOf({ probes })
        const pool = new AgentPool({ maxConcurrent: 5, queueMax: 5, breaker, clock: () => clock })
        let held = 0
        const granted = (): void => {
          held++
          expect(breaker.state).not.toBe('open')
          if (breaker.state === 'halfOpen') expect(held).toBeLessThanOrEqual(probes)
        }
        for (const { kind, verdict, ms } of steps) {
          if (kind === 'pass') clock.advance(ms)
          else if (kind === 'ask') {
            if (pool.acquire((answer) => answer === 'granted' && granted()) === 'granted') granted()
          } else if (held > 0) {
            held--
            pool.release(verdict)
          }
          expect(pool.held).toBe(held)
        }
      },
    ),
  )
})
