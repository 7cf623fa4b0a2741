import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'

const program = fileURLToPath(new URL('support/memory-process.ts', import.meta.url))

let directory = ''
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function live(isKilled: boolean): unknown {
  const { stdout, stderr, signal } = spawnSync(
    process.execPath,
    [program, join(directory, 'aura.db')],
    { encoding: 'utf8', env: { ...process.env, KILL: isKilled ? 'yes' : '' } },
  )
  if (signal === 'SIGKILL') return null
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

it('what a call that was killed wanted remembered is not there; what is recorded is there once', () => {
  directory = mkdtempSync(join(tmpdir(), 'aura-memory-kill-'))
  expect(live(true)).toBeNull()
  const ended = { output: { b: 2 }, kept: { n: 2, n1: true, n2: true } }
  expect(live(false)).toEqual(ended)
  // A finished execution that is asked for again writes nothing.
  expect(live(false)).toEqual(ended)
}, 60_000)
