import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { defineAgent } from '../src/agents/index.ts'
import { systemClock } from '../src/core/clock.ts'
import { silentLogger } from '../src/core/logger.ts'
import { type EmbeddedEngine, openEngine } from '../src/engine/index.ts'
import { shareState } from '../src/engine/shared-state.ts'
import { startControlServer } from '../src/server/index.ts'
import { probe } from '../src/testing/engine-stage.ts'
import { increment } from './support/increment.ts'

const folder = mkdtempSync(join(tmpdir(), 'state-'))
const cleanUps: (() => Promise<unknown> | void)[] = [() => rmSync(folder, { recursive: true })]
let files = 0

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(1).toReversed()) await cleanUp()
})

const places = [
  { name: 'in memory', db: () => undefined },
  { name: 'over a SQLite file', db: () => join(folder, `${++files}.db`) },
] as const

/** An engine with an execution `x` that waits for ever. */
async function waiting(db: string | undefined): Promise<EmbeddedEngine> {
  const pair = defineAgent({
    type: 'pair',
    actions: {
      write: {
        effect: 'idempotent',
        run: (input: { n: number }, ctx) => {
          ctx.state.set('left', input.n)
          ctx.state.set('right', input.n)
          return null
        },
      },
    },
  })
  const engine = await openEngine({ agents: [pair], ...(db === undefined ? {} : { db }) })
  cleanUps.push(() => engine.close())
  await engine.startWorkflow('probe', probe({ a: { waitFor: { signal: 'go' } } }), {
    executionId: 'x',
  })
  return engine
}

describe.each(places)('64 writers of one key $name lose no update', ({ db }) => {
  it('from asynchronous tasks', async () => {
    const engine = await waiting(db())
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        for (let count = 0; count < 10; count++) {
          await increment({
            read: async () => {
              const entry = await engine.getStateEntry('x', 'counter')
              return { value: Number(entry?.value ?? 0), version: entry?.version ?? 0 }
            },
            write: async (value, expectedVersion) => {
              await engine.setState('x', 'counter', value, { expectedVersion })
            },
          })
        }
      }),
    )
    expect(await engine.getStateEntry('x', 'counter')).toMatchObject({ value: 640, version: 640 })
  })

  it('from worker threads', async () => {
    const engine = await waiting(db())
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { port1, port2 } = new MessageChannel()
        shareState(engine, port1)
        const worker = new Worker(new URL('support/state-writer.ts', import.meta.url), {
          workerData: { port: port2, executionId: 'x', writers: 16, times: 3 },
          transferList: [port2],
        })
        await once(worker, 'exit')
        port1.close()
      }),
    )
    expect(await engine.getStateEntry('x', 'counter')).toMatchObject({ value: 192, version: 192 })
  })

  it("from other processes through the owner's API", async () => {
    const engine = await waiting(db())
    const server = await startControlServer({
      engine,
      token: 'secret',
      list: () => [],
      metrics: { text: () => Promise.resolve(''), contentType: 'text/plain' },
      logger: silentLogger,
      clock: systemClock,
    })
    cleanUps.push(() => server.close())
    const url = `http://127.0.0.1:${server.port}/v1/executions/x/state/counter`
    const program = join(import.meta.dirname, 'support', 'state-client.ts')
    const codes = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, [program, url, 'secret', '16', '2'], {
          stdio: ['ignore', 'inherit', 'inherit'],
        })
        const [code] = (await once(child, 'exit')) as [number]
        return code
      }),
    )
    expect(codes).toEqual([0, 0, 0, 0])
    expect(await engine.getStateEntry('x', 'counter')).toMatchObject({ value: 128, version: 128 })
  })
})

describe.each(places)('$name', ({ db }) => {
  it('nobody sees half of what a call writes, or half of a rollback', async () => {
    const engine = await waiting(db())
    const step = (n: number, needs: readonly string[]) =>
      ({ agent: 'pair', action: 'write', with: { n }, needs }) as const
    await engine.startWorkflow(
      'pairs',
      {
        ...probe({
          s1: step(1, []),
          s2: step(2, ['s1']),
          s3: step(3, ['s2']),
          g: { needs: ['s3'], waitFor: { signal: 'go' } },
        }),
        name: 'pairs',
      },
      { executionId: 'p' },
    )
    const seen = new Set<number>()
    const over = new AbortController()
    const readers = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) {
        const entries = await engine.listState('p')
        const value = (key: string) =>
          Number(entries.find((entry) => entry.key === key)?.value ?? 0)
        expect(value('left')).toBe(value('right'))
        seen.add(value('left'))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const reached = async (value: number): Promise<void> => {
      while ((await engine.getState('p', 'left')) !== value)
        await new Promise((resolve) => setImmediate(resolve))
    }
    await reached(3)
    for (let count = 0; count < 20; count++) {
      await engine.rollback('p', count % 2 === 0 ? 's1' : 'start', { acceptEffects: true })
      await reached(3)
    }
    over.abort()
    await Promise.all(readers)
    expect(seen.has(3)).toBe(true)
  })
})
