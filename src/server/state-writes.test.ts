import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import { silentLogger } from '../core/logger.ts'
import { openEngineParts, type OpenedEngine, type WorkflowEngine } from '../engine/index.ts'
import type { ApiServer } from './api-server-options.ts'
import { startControlServer } from './control-server.ts'

const id = 'st-1'
const anyVersion = { 'if-match': '*' }
let opened: OpenedEngine
let server: ApiServer
/** Done by another writer between what a request reads and what it writes. */
let beforeNextWrite: () => Promise<unknown>

beforeEach(async () => {
  opened = await openEngineParts({})
  const { engine } = opened
  const steps = { ask: { waitFor: { signal: 'go' } } }
  await engine.startWorkflow('ask', { name: 'ask', version: '1.0.0', steps }, { executionId: id })
  beforeNextWrite = () => Promise.resolve()
  const raced: Pick<WorkflowEngine, 'setState'> = {
    async setState(...write) {
      await beforeNextWrite()
      return engine.setState(...write)
    },
  }
  server = await startControlServer({
    engine: new Proxy<WorkflowEngine>(engine, {
      get(target, name) {
        if (name === 'setState') return raced.setState
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    }),
    token: 't',
    kind: 'serve',
    list: () => [],
    log: () => [],
    metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
    logger: silentLogger,
    clock: systemClock,
  })
})

afterEach(async () => {
  await server.close()
  await opened.engine.close()
})

async function ask(
  method: 'PUT' | 'DELETE' | 'GET',
  value?: JsonValue,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly etag: string | null; readonly text: string }> {
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/executions/${id}/state/count`, {
    method,
    headers: { authorization: 'Bearer t', 'content-type': 'application/json', ...headers },
    ...(value === undefined ? {} : { body: JSON.stringify(value) }),
  })
  const { status } = response
  return { status, etag: response.headers.get('etag'), text: await response.text() }
}

test('If-Match: * writes over any version and deletes it, and wants that there is one', async () => {
  const absent = await ask('PUT', 1, anyVersion)
  expect([absent.status, absent.text]).toEqual([412, expect.stringContaining("no entry 'count'")])
  expect(await ask('DELETE', undefined, anyVersion)).toMatchObject({ status: 412 })
  await ask('PUT', 1)
  expect(await ask('PUT', 2, anyVersion)).toMatchObject({ status: 204, etag: '"2"' })
  expect(await ask('DELETE', undefined, anyVersion)).toMatchObject({ status: 204 })
  expect(await ask('GET')).toMatchObject({ status: 404 })
})

test('If-Match: * minds no writer that was faster, but one that took the entry away', async () => {
  const { engine } = opened
  const once = (other: () => Promise<unknown>): void => {
    beforeNextWrite = () => {
      beforeNextWrite = () => Promise.resolve()
      return other()
    }
  }
  await ask('PUT', 1)
  once(() => engine.setState(id, 'count', 'of another'))
  expect(await ask('PUT', 'mine', anyVersion)).toMatchObject({ status: 204, etag: '"3"' })
  once(() => engine.deleteState(id, 'count'))
  expect(await ask('PUT', 'mine', anyVersion)).toMatchObject({ status: 412 })
  expect(await ask('GET')).toMatchObject({ status: 404 })
})
