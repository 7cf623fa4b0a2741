import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { BaseAgent } from './base-agent.ts'
import { callOnce } from './call-once.ts'
import { CallSecrets } from './call-secrets.ts'
import type { AgentTransport } from './transport.ts'

const place = (name: string, ...path: (string | number)[]) => ({ path, name })
const named = (name: string) => ({ $secret: name })

test('a secret is put where the document names it and that name stands, and nowhere else', () => {
  const secrets = new CallSecrets([place('A', 'x', 0), place('A', 'gone', 'y')], () => 'text of A')
  expect(secrets.put({ x: [named('A'), named('A')], y: named('A') })).toEqual({
    x: ['text of A', named('A')],
    y: named('A'),
  })
  expect(secrets.put({ x: [named('B')] })).toEqual({ x: [named('B')] })
  const whole = new CallSecrets([place('A')], () => 'text of A')
  expect(whole.put(named('A'))).toBe('text of A')
})

test('nothing that is hidden says a secret, however it is nested', () => {
  const text = fc.string({ minLength: 4 }).filter((one) => !'[secret]'.includes(one))
  fc.assert(
    fc.property(text, fc.json(), (secret, around) => {
      const secrets = new CallSecrets([place('A', 'a')], () => secret)
      const value = { [`a ${secret}`]: [{ b: `${secret}${secret}`, around }] }
      const hidden = JSON.stringify(secrets.hide(value))
      const pieces = hidden.split('[secret]')
      expect(pieces.some((piece) => piece.includes(JSON.stringify(secret).slice(1, -1)))).toBe(
        false,
      )
      expect(secrets.reveals({ deep: [secret] })).toBe(true)
    }),
  )
})

test('a transport that keeps what it carries is given no secret', async () => {
  const sent: unknown[] = []
  const transport: AgentTransport = {
    isKept: true,
    open: () => {},
    call: (_, input) => void sent.push(input),
    lookup: async () => undefined,
    close: () => {},
  }
  const agent = new BaseAgent({ type: 'far', actions: { do: { effect: 'read' } } }, transport)
  await agent.init()
  const { outcome } = callOnce(agent, 'do', {
    input: { a: named('A') },
    secrets: [place('A', 'a')],
  })
  expect(await outcome).toMatchObject({ kind: 'failed', error: { code: 'RefusedError' } })
  expect(sent).toEqual([])
  await agent.close()
})
