import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/graph-step-process.ts', import.meta.url))

let directory = ''
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** One life of the process: how the execution ended, or null when it was killed. */
function live(killAt: string): unknown {
  const args = [program, join(directory, 'aura.db'), join(directory, 'log')]
  const { stdout, stderr, signal } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, KILL_AT: killAt },
  })
  if (signal === 'SIGKILL') return null
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const keys = ['x/book/1/c1', 'x/book/1/c2']
const booked = keys.map((key) => `book ${key}`)

// The lookup says of every lost call that it never happened, so the call at which it dies is made again.
it.each([
  ['inside a call', `book ${keys[0]}`, [booked[0], ...booked]],
  ['after the last call of a node', 'leave first', booked],
  ['in its second superstep', 'enter second', booked],
  ['before it answers', 'leave second', booked],
])(
  'a graph step whose process is killed %s goes on there, and no call that was done is repeated',
  (_, killAt, calls) => {
    directory = mkdtempSync(join(tmpdir(), 'graph-step-kill-'))
    expect(live(killAt)).toBeNull()
    const ended = { status: 'completed', output: { trail: keys } }
    expect(live('')).toEqual(ended)
    const lines = readFileSync(join(directory, 'log'), 'utf8').trim().split('\n')
    expect(lines.filter((line) => line.startsWith('book'))).toEqual(calls)
    // The superstep that was done is not entered again.
    const firsts = lines.filter((line) => line === 'enter first').length
    expect(firsts).toBe(killAt.endsWith('second') ? 1 : 2)
  },
  60_000,
)
