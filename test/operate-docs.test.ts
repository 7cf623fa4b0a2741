import { spawn } from 'node:child_process'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { auraScript, cleanUp, examples, newFolder } from './cli-process.ts'
import { freePort } from './support/free-port.ts'

/**
 * `docs/operate.md` as it is read: its shell blocks, in order, in one shell. A line `# → text` after a
 * command wants a line of output with that text, `…` standing for anything; `# → exit N` wants that exit
 * code, which is 0 otherwise.
 */
interface Command {
  readonly text: string
  readonly wanted: readonly string[]
  readonly exitCode: number
}

/** A command that only looks is given again until it prints what the page says: a reader is slower than we are. */
const looking =
  /^(AURA_CONFIG=\S+ )?(\.\/bin\/aura (ls|show|logs|top|du|dlq (ls|show))|grep|tail|curl)\b/
/** How long a looking command, or one that stays in the background, has for that. */
const patienceMs = 10_000
const arrow = '# → '

const shells: ChildProcessWithoutNullStreams[] = []
afterEach(() => {
  for (const shell of shells.splice(0)) process.kill(-(shell.pid as number), 'SIGKILL')
  cleanUp()
})

test('every command of docs/operate.md does what the page says', { timeout: 120_000 }, async () => {
  const folder = newFolder()
  symlinkSync(dirname(auraScript), join(folder, 'bin'))
  cpSync(examples, join(folder, 'examples'), { recursive: true })
  const port = await freePort()
  const page = readFileSync(new URL('../docs/operate.md', import.meta.url), 'utf8')
  const commands = commandsOf(page.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`))
  expect(commands.length).toBeGreaterThan(70)
  const shell = startShell(folder, port)
  for (const command of commands) await follow(shell, command)
})

test('a command that prints something else, or ends otherwise, is noticed', async () => {
  const shell = startShell(newFolder(), 0)
  const page = (lines: string): readonly Command[] => commandsOf(`\`\`\`sh\n${lines}\n\`\`\`\n`)
  for (const command of page('echo one   two three\n# → one two\n# → o … three')) {
    await follow(shell, command)
  }
  for (const lines of ['echo one\n# → two', 'false', 'true\n# → exit 1', 'echo a b\n# → b … a']) {
    const [command] = page(lines)
    await expect(follow(shell, command as Command, 50), lines).rejects.toThrow(/wanted/)
  }
})

function commandsOf(page: string): readonly Command[] {
  const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
  expect(blocks.map(([, language]) => language).filter((language) => language !== 'sh')).toEqual([])
  return blocks.flatMap(([, , block]) => {
    // A command ends where the next line neither continues it nor is indented under it.
    const parts = (block as string).split(/(?<!\\)\n(?!\s|done\b|# → |$)/)
    return parts.map((part) => {
      const lines = part.trimEnd().split('\n')
      const wanted = lines.filter((line) => line.startsWith(arrow)).map((line) => line.slice(4))
      const exit = wanted.find((text) => /^exit \d+$/.test(text))
      return {
        text: lines.filter((line) => !line.startsWith(arrow)).join('\n'),
        wanted: wanted.filter((text) => text !== exit),
        exitCode: exit === undefined ? 0 : Number(exit.slice(5)),
      }
    })
  })
}

async function follow(shell: Shell, command: Command, withinMs = patienceMs): Promise<void> {
  const untilMs = performance.now() + withinMs
  let ran = await shell.run(command.text)
  for (;;) {
    const isDone = ran.code === command.exitCode && hasAll(ran.output(), command.wanted)
    if (isDone) return
    if (performance.now() > untilMs) break
    if (looking.test(command.text)) ran = await shell.run(command.text)
    else if (ran.code === command.exitCode) await shell.printsMore(untilMs)
    else break
  }
  throw new Error(
    `${command.text}\nwanted exit ${command.exitCode} and\n${command.wanted.join('\n')}\n` +
      `got exit ${ran.code} and\n${ran.output()}`,
  )
}

function hasAll(output: string, wanted: readonly string[]): boolean {
  const lines = output.split('\n').map((line) => line.replaceAll(/\s+/g, ' '))
  return wanted.every((text) => lines.some((line) => hasInOrder(line, text.split('…'))))
}

function hasInOrder(line: string, parts: readonly string[]): boolean {
  let from = 0
  for (const part of parts) {
    const at = line.indexOf(part.trim(), from)
    if (at === -1) return false
    from = at + part.trim().length
  }
  return true
}

interface Shell {
  /** Resolves when the command has ended; `output` is all that was printed since it began. */
  run(command: string): Promise<{ readonly code: number; output(): string }>
  /** Resolves when something is printed, or at that time. */
  printsMore(untilMs: number): Promise<void>
}

function startShell(cwd: string, port: number): Shell {
  const { FORCE_COLOR: _, ...inherited } = process.env
  const env = { ...inherited, AURA_DB: '', AURA_PORT: `${port}`, NO_COLOR: '1' }
  // A group of its own, so that nothing it starts outlives the test.
  const shell = spawn('sh', [], { cwd, env, detached: true })
  shells.push(shell)
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      output += part
      for (const listener of listeners) listener()
    })
  }
  const until = <T>(look: () => T | undefined): Promise<T> =>
    new Promise((resolve) => {
      const listener = (): void => {
        const found = look()
        if (found === undefined) return
        listeners.delete(listener)
        resolve(found)
      }
      listeners.add(listener)
      listener()
    })
  let count = 0
  return {
    async run(command) {
      const from = output.length
      const mark = `[${++count} has ended with `
      shell.stdin.write(`{\n${command}\n} </dev/null 2>&1\necho '\n${mark}'$?]\n`)
      const code = await until(() => {
        const at = output.indexOf(mark, from)
        const end = output.indexOf(']\n', at)
        return at === -1 || end === -1 ? undefined : Number(output.slice(at + mark.length, end))
      })
      return { code, output: () => output.slice(from) }
    },
    async printsMore(untilMs) {
      const length = output.length
      const { promise: timeIsUp, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, untilMs - performance.now())
      await Promise.race([until(() => (output.length > length ? true : undefined)), timeIsUp])
      clearTimeout(timer)
    },
  }
}
