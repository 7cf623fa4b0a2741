import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  brokerAnswers,
  brokerProperties,
  brokerWords,
  clusterId,
  kafka,
} from '../../scripts/services/kafka.ts'
import { freePort } from './free-port.ts'
import { TcpProxy } from './tcp-proxy.ts'

const software = fileURLToPath(new URL(`../../.services/kafka/${kafka.version}`, import.meta.url))
/** A virtual machine on a busy computer takes its time. */
const startMsMax = 90_000
const jars = join(software, 'lib/*')

/** A broker of one test, behind a proxy, that may be killed and started again over the same data. */
export class OwnBroker {
  readonly proxy: TcpProxy
  readonly #port: number
  readonly #folder: string
  #child: ChildProcess

  private constructor(of: { proxy: TcpProxy; port: number; folder: string }) {
    this.proxy = of.proxy
    this.#port = of.port
    this.#folder = of.folder
    this.#child = this.#spawn()
  }

  static async start(): Promise<OwnBroker> {
    const [port, controllerPort] = [await freePort(), await freePort()]
    const proxy = await TcpProxy.start(port)
    const folder = mkdtempSync(join(tmpdir(), 'aura-broker-'))
    const log = join(folder, 'log')
    const config = join(folder, 'server.properties')
    const advertisedPort = proxy.port
    writeFileSync(config, brokerProperties({ log, port, controllerPort, advertisedPort }))
    const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', config]
    execFileSync('java', ['-cp', jars, ...format], { stdio: 'ignore' })
    const broker = new OwnBroker({ proxy, port, folder })
    await broker.#ready()
    return broker
  }

  /** As `KAFKA_BROKERS` has it: through the proxy. */
  get address(): string {
    return `127.0.0.1:${this.proxy.port}`
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }

  async restart(): Promise<void> {
    this.#child = this.#spawn()
    await this.#ready()
  }

  async close(): Promise<void> {
    this.proxy.close()
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    const words = brokerWords(jars, join(this.#folder, 'server.properties'))
    return spawn('java', words, { stdio: 'ignore' })
  }

  /** A broker that is started takes connections long before it takes work. */
  async #ready(): Promise<void> {
    const untilMs = performance.now() + startMsMax
    while (!(await isAnswering(this.#port))) {
      const { exitCode, signalCode } = this.#child
      if (exitCode !== null || signalCode !== null)
        throw new Error(`the broker ended with ${exitCode ?? signalCode} before it answered`)
      if (performance.now() > untilMs)
        throw new Error(`the broker does not answer within ${startMsMax} ms`)
      await sleep(100)
    }
  }
}

async function isAnswering(port: number): Promise<boolean> {
  try {
    return await brokerAnswers(port)
  } catch {
    return false // not there yet
  }
}
