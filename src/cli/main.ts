#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { fileURLToPath } from 'node:url'
import type { CommandContext } from './command-context.ts'

const nodeMajorMin = 24
if (Number.parseInt(process.versions.node, 10) < nodeMajorMin) {
  process.stderr.write(
    `aura: needs Node ${nodeMajorMin} or newer, and this is ${process.versions.node}\n`,
  )
  process.exit(2)
}
// Before anything heavy is imported: parsed and type-stripped code is kept for the next start.
nodeModule.enableCompileCache()

const [
  { systemClock },
  { guardOutput },
  { watchProcessEnd },
  { makePaint, wantsColor },
  { shellQuote },
] = await Promise.all([
  import('../core/clock.ts'),
  import('./output-guard.ts'),
  import('./process-end.ts'),
  import('./terminal/paint.ts'),
  import('./shell-quote.ts'),
])

type StandardStream = NodeJS.WriteStream & { readonly fd: number }

const here = dirname(fileURLToPath(import.meta.url))
const packageFolder = join(here, '..', '..')
const foreign = guardOutput(process.stdout, process.stderr)

let hasAnswered = false
const processEnd = watchProcessEnd((error) => {
  // The words may not have been read, so `--json` is looked for by itself.
  const context = contextOf({ json: process.argv.includes('--json') })
  if (!context.isJson) context.note(`error: ${error.message}`)
  else if (!hasAnswered) context.json({ error: error.toJSON() })
  context.note(`hint: ${error.hint}`)
})

// A reader that has seen enough, such as `head`, is no fault. Work goes on; who only prints is done.
const isWorking = ['run', 'serve', 'mcp'].some((verb) => process.argv.includes(verb))
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // What cannot be said there, on a full disk for instance, must not end the work.
    if (stream === process.stderr) return
    if (error.code !== 'EPIPE') throw error
    if (stream === process.stdout && !isWorking) processEnd.now(0)
  })
}

function contextOf(options: { readonly db?: string; readonly json?: boolean }): CommandContext {
  const { env } = process
  const cwd = process.cwd()
  const fromEnvironment = env.AURA_DB === undefined || env.AURA_DB === '' ? undefined : env.AURA_DB
  const paint = (stream: StandardStream) => makePaint(wantsColor(isatty(stream.fd), env))
  return {
    isJson: options.json === true,
    databasePath: resolve(cwd, options.db ?? fromEnvironment ?? join('.aura', 'aura.db')),
    temporal: null,
    placeArgument: options.db === undefined ? '' : ` --db ${shellQuote(options.db)}`,
    commandName: commandName(cwd),
    get version() {
      return version()
    },
    cwd,
    env,
    clock: systemClock,
    stdout: rawStream(process.stdout, foreign.rawStdout),
    stderr: rawStream(process.stderr, foreign.rawStderr),
    paintOut: paint(process.stdout),
    paintErr: paint(process.stderr),
    foreign,
    processEnd,
    json(value) {
      hasAnswered = true
      foreign.rawStdout(`${JSON.stringify(value)}\n`)
    },
    say: (text) => void foreign.rawStdout(`${text}\n`),
    note: (text) => void foreign.rawStderr(`${text}\n`),
  }
}

/** A stream past the guard. */
function rawStream(of: StandardStream, write: (text: string) => boolean): CommandContext['stdout'] {
  return {
    isTTY: isatty(of.fd),
    get columns() {
      return of.columns ?? 80
    },
    get rows() {
      return of.rows ?? 24
    },
    write,
  }
}

/** In a checkout its own script, as seen from here; installed, the name that npm puts on the path. */
function commandName(cwd: string): string {
  const script = join(packageFolder, 'bin', 'aura')
  if (!import.meta.url.endsWith('.ts') || !existsSync(script)) return 'aura'
  const path = relative(cwd, script)
  return path.startsWith('..') ? script : `.${path.startsWith('.') ? '' : '/'}${path}`
}

function version(): string {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

async function main(words: readonly string[]): Promise<number> {
  try {
    const { runProgram } = await import('./program.ts')
    const write = (text: string): void => void foreign.rawStdout(text)
    return (await runProgram(words, { contextOf, version, write })).code
  } catch (thrown) {
    const [{ reportError }, { exitCodeOf }] = await Promise.all([
      import('./error-report.ts'),
      import('./exit-code.ts'),
    ])
    // The words may not have been read, so `--json` is looked for by itself.
    reportError(contextOf({ json: words.includes('--json') }), thrown)
    return exitCodeOf(thrown)
  }
}

const code = await main(process.argv.slice(2))
// Agents may have left handles open; what they hold must not keep a finished verb alive.
processEnd.now(code)
