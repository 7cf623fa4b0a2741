import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../../scripts/services/ask.ts'
import { run } from '../../scripts/services/run.ts'
import { freePort } from './free-port.ts'

const software = join(import.meta.dirname, '../../.services/redis/7.0')
const startMsMax = 15_000

/** A Redis of a test's own, with its data in a folder of its own, that may be killed and started again. */
export class RedisServer {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'aura-redis-'))
  readonly #options: Readonly<Record<string, string>>
  #process: ChildProcess | null = null

  private constructor(port: number, options: Readonly<Record<string, string>>) {
    this.port = port
    this.#options = options
  }

  /** Starts one on a free port; without options it keeps everything that it acknowledges. */
  static async start(options: Readonly<Record<string, string>> = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it again on its data; resolves when it answers. */
  async start(): Promise<void> {
    const options = {
      port: `${this.port}`,
      bind: '127.0.0.1',
      dir: this.#folder,
      appendonly: 'yes',
      appendfsync: 'always',
      'maxmemory-policy': 'noeviction',
      save: '',
      ...this.#options,
    }
    const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const child = spawn(programIn('redis-server'), words, {
      env: environment(),
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    this.#process = child
    let said = ''
    child.stdout
      .setEncoding('utf8')
      .on('data', (text: string) => (said = `${said}${text}`.slice(-2_000)))
    const untilMs = performance.now() + startMsMax
    while (!(await isAnswering(this.port))) {
      if (child.exitCode !== null)
        throw new Error(`redis-server ended with ${child.exitCode}: ${said}`)
      if (performance.now() > untilMs) throw new Error('redis-server does not answer')
      await pause(20)
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name)
  }

  /** Ends it at once, as `kill -9` does. */
  async kill(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  /** Asks it something with `redis-cli`. */
  cli(...words: readonly string[]): Promise<string> {
    return redisCli('-p', `${this.port}`, ...words)
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Runs `redis-cli` and gives what it printed. */
function redisCli(...words: readonly string[]): Promise<string> {
  return run('env', [`LD_LIBRARY_PATH=${libraries()}`, programIn('redis-cli'), ...words])
}

function programIn(name: string): string {
  return join(software, 'usr/bin', name)
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, LD_LIBRARY_PATH: libraries() }
}

function libraries(): string {
  const lib = join(software, 'usr/lib')
  const folders = readdirSync(lib).filter((name) => name.endsWith('-linux-gnu'))
  return folders.map((name) => join(lib, name)).join(':')
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    const answer = (await ask(port, 'PING\r\n')).toString()
    return answer.startsWith('+PONG') || answer.startsWith('-NOAUTH')
  } catch {
    return false // not yet
  }
}
