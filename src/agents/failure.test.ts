import { expect, test } from 'vitest'
import { AgentCommunicationError, OrchestrationError } from '../core/errors.ts'
import { describeThrown } from './failure.ts'

test('an error of Aura keeps its code, hint and details', () => {
  const error = new AgentCommunicationError('down', { hint: 'wait', details: { retryAfterMs: 5 } })
  expect(describeThrown(error)).toEqual({
    code: 'AgentCommunicationError',
    message: 'down',
    retryable: true,
    hint: 'wait',
    details: { retryAfterMs: 5 },
  })
})

test('details that are not JSON, or too large, are dropped and the error stays', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  for (const details of [cycle, { text: 'x'.repeat(70_000) }, { at: 1n }]) {
    const error = new OrchestrationError('AgentError', 'no', { details: details as never })
    expect(describeThrown(error)).toMatchObject({
      code: 'AgentError',
      message: 'no',
      details: null,
    })
  }
})

test('anything thrown has a message', () => {
  expect(describeThrown('text').message).toBe('text')
  expect(describeThrown(undefined).message).toBe('undefined')
  expect(describeThrown(new Error('x'.repeat(10_000))).message.length).toBe(2_001)
  expect(describeThrown({ retryable: false, message: 'm' }).retryable).toBe(false)
})
