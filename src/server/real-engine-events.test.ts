import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { type LogEntry, openEngineParts, type OpenedEngine, openLook } from '../engine/index.ts'
import type { WorkflowData } from '../workflow/index.ts'
import type { ApiServer } from './api-server-options.ts'
import { startControlServer } from './control-server.ts'

let folder: string
let opened: OpenedEngine
let server: ApiServer

/** A chain of steps that wait for nothing. */
const chain: WorkflowData = {
  name: 'chain',
  version: '1.0.0',
  steps: Object.fromEntries(
    Array.from({ length: 40 }, (_, place) => [
      `s${place}`,
      { sleep: '0ms' as const, ...(place === 0 ? {} : { needs: [`s${place - 1}`] }) },
    ]),
  ),
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aura-events-'))
  const db = join(folder, 'a.db')
  opened = await openEngineParts({ db })
  server = await startControlServer({
    engine: opened.engine,
    token: 't',
    kind: 'serve',
    list: () => [],
    metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
    logger: silentLogger,
    clock: systemClock,
    log: logOf,
  })
})

afterEach(async () => {
  await server.close()
  await opened.engine.close()
  rmSync(folder, { recursive: true })
})

function logOf(executionId: string, afterSeq?: number): readonly LogEntry[] {
  const look = openLook(join(folder, 'a.db'))
  try {
    return look.log(executionId, afterSeq)
  } finally {
    look.close()
  }
}

async function follow(executionId: string): Promise<LogEntry[]> {
  const path = `http://127.0.0.1:${server.port}/v1/executions/${executionId}/events`
  const response = await fetch(path, { headers: { authorization: 'Bearer t' } })
  const text = await response.text()
  expect(text).toMatch(/event: end\ndata: .*"completed"/)
  return [...text.matchAll(/^id: .*\nevent: .*\ndata: (.*)$/gm)].map(
    ([, data]) => JSON.parse(data as string) as LogEntry,
  )
}

test('followers who come at any time all hear exactly what is recorded', async () => {
  const executionId = await opened.engine.startWorkflow('chain', chain, { executionId: 'c-1' })
  const followers: Promise<LogEntry[]>[] = []
  for (let count = 0; count < 8; count++) {
    followers.push(follow(executionId))
    await new Promise(setImmediate)
  }
  await opened.engine.continueWorkflow(executionId)
  followers.push(follow(executionId))
  const recorded = logOf(executionId)
  expect(recorded.length).toBeGreaterThan(80)
  for (const heard of await Promise.all(followers)) expect(heard).toEqual(recorded)
})
