import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/graph-process.ts', import.meta.url))

let directory = ''
afterEach(() => rmSync(directory, { recursive: true, force: true }))

interface Outcome {
  readonly kind: string
  readonly signal?: string
  readonly resumeToken?: unknown
  readonly output?: unknown
}

/** One life of the process: its outcome, or null when it was killed. */
function live(killAt: string | null, resumed?: object): Outcome | null {
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    [
      program,
      join(directory, 'aura.db'),
      join(directory, 'log'),
      ...(resumed === undefined ? [] : [JSON.stringify(resumed)]),
    ],
    { encoding: 'utf8', env: { ...process.env, KILL_AT: killAt ?? '' } },
  )
  if (signal === 'SIGKILL') return null
  expect(stderr).toBe('')
  return JSON.parse(stdout) as Outcome
}

function log(): readonly string[] {
  return readFileSync(join(directory, 'log'), 'utf8').trim().split('\n')
}

function calls(): readonly string[] {
  return log().filter((line) => line.startsWith('call'))
}

const keys = [1, 2, 3, 4, 5, 6].map((n) => `call exec-1/book/1/c${n}`)

describe('a graph that runs as a call, killed', () => {
  it.each([
    ['before its first call', 'enter first', 'enter last'],
    ['between two calls of a node', 'call exec-1/book/1/c1', 'call exec-1/book/1/c5'],
    ["after a node's last call", 'leave first', 'leave last'],
    ['inside the second node', 'call exec-1/book/1/c3', 'call exec-1/book/1/c6'],
  ])(
    '%s goes on: each call happens once, in order, and done nodes are not repeated',
    (_, at, later) => {
      directory = mkdtempSync(join(tmpdir(), 'graph-kill-'))
      expect(live(at)).toBeNull()
      const waiting = live(null)
      expect(waiting).toMatchObject({ kind: 'suspended', signal: 'approval' })
      expect(calls()).toEqual(keys.slice(0, 4))
      expect(log().filter((line) => line === 'enter left')).toHaveLength(at.endsWith('c3') ? 2 : 1)
      // Nobody has answered yet: nothing is executed, and the same is waited for.
      const lines = log().length
      expect(live(null)).toEqual(waiting)
      expect(log()).toHaveLength(lines)
      const resumed = { data: 'yes', resumeToken: waiting?.resumeToken }
      expect(live(later, resumed)).toBeNull()
      const ended = live(null, resumed)
      expect(ended).toEqual({
        kind: 'completed',
        output: { amount: 5, trail: ['first', 'left', 'said yes', 'last'] },
      })
      expect(calls()).toEqual(keys)
      // Delivered once more, it answers what it answered and executes nothing.
      const all = log().length
      expect(live(null, resumed)).toEqual(ended)
      expect(log()).toHaveLength(all)
    },
    60_000,
  )
})
