import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { ChatServer } from './support/chat-server.ts'
import { readOutsideLog } from './support/outside-log.ts'

const program = fileURLToPath(new URL('support/llm-process.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'llm-kill-'))
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test(
  'a conversation that is killed goes on: no answer is paid twice, and what may happen once does',
  { timeout: 60_000 },
  async () => {
    let victim: ChildProcess | null = null
    // The second answer is on its way when the process is killed.
    const server = await ChatServer.start((_asked, number) => {
      if (number === 1) return { tool: { name: 'charge', arguments: '{}' } }
      if (number > 2) return { text: 'sold' }
      victim?.kill('SIGKILL')
      return { hangs: true }
    })
    const log = join(directory, 'log')
    const live = (): ChildProcess =>
      spawn(process.execPath, [program, join(directory, 'aura.db'), log, server.url], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
    victim = live()
    expect(await once(victim, 'exit')).toEqual([null, 'SIGKILL'])
    const second = live()
    const output: unknown = JSON.parse(await text(second.stdout as NodeJS.ReadableStream))
    server.stop()
    expect(output).toEqual({ status: 'completed', output: 'sold' })
    expect(readOutsideLog(log).map(({ what }) => what)).toEqual(['charged'])
    expect(server.requests.map(({ messages }) => messages.length)).toEqual([1, 3, 3])
  },
)
