import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { newFolder, type RunningAura, startAura } from '../cli-process.ts'

const document = `name: order
version: 1.0.0
steps:
  pay: { agent: ledger, action: pay, with: { order: '\${ input.order }' } }
  rest: { sleep: 300ms, needs: [pay] }
  ship: { agent: ledger, action: ship, needs: [rest], with: { order: '\${ input.order }' } }
output: \${ steps.ship.output }
`

/** Every call is a line of the file; what was paid is looked up there, and paid twice is seen there. */
const agents = `import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { defineAgent } from 'aura-orchestration'
const file = process.env.LEDGER
const lines = () => (existsSync(file) ? readFileSync(file, 'utf8').split('\\n') : [])
const call = async (action, key, order) => {
  appendFileSync(file, action + ' ' + key + ' ' + process.pid + '\\n')
  await new Promise((resolve) => setTimeout(resolve, 150))
  return order
}
export default [defineAgent({
  id: 'ledger', type: 'ledger',
  config: { resourceLimits: { maxConcurrent: 100 } },
  actions: {
    pay: {
      effect: 'once',
      run: ({ order }, { idempotencyKey }) => call('pay', idempotencyKey, order),
      lookup: async (key) => {
        const line = lines().find((one) => one.startsWith('pay ' + key + ' '))
        return line === undefined ? undefined : 'looked up'
      },
    },
    ship: {
      effect: 'idempotent',
      run: ({ order }, { idempotencyKey }) => call('ship', idempotencyKey, order),
    },
  },
})]
`

const token = 'a-token-of-the-tests'

/** How `/v1/placement` answers. */
export interface Placed {
  readonly instance: string
  readonly members: readonly string[]
  readonly holds: readonly {
    readonly shard: number
    readonly instance: string
    readonly token: number
  }[]
  readonly execution: { readonly shard: number; readonly instance: string | null } | null
}

/** One `aura serve --engine temporal`. */
export interface Instance {
  readonly process: RunningAura
  readonly url: string
  readonly name: string
}

/** How many `load` starts. */
export const orders = 25
/** Between two orders: each instance always has some under way. */
const betweenMs = 100

/** An installation of its own on the shared servers, with an outside ledger. */
export class Site {
  readonly shards = 6
  readonly #folder = newFolder()
  readonly #id = randomUUID().slice(0, 8)
  readonly #ledger = join(this.#folder, 'ledger')
  readonly #env: Record<string, string>
  #count = 0

  constructor(addresses: {
    readonly redis: string
    readonly temporal: string
    readonly kafka?: string
  }) {
    writeFileSync(join(this.#folder, 'order.yaml'), document)
    writeFileSync(join(this.#folder, 'agents.ts'), agents)
    this.#env = {
      TEMPORAL_ADDRESS: addresses.temporal,
      REDIS_URL: addresses.redis,
      ...(addresses.kafka === undefined
        ? {}
        : { KAFKA_BROKERS: addresses.kafka, AURA_KAFKA_GROUP: `site-${this.#id}` }),
      AURA_REDIS_PREFIX: `test-${this.#id}:`,
      AURA_TASK_QUEUE: `site-${this.#id}`,
      AURA_SHARDS: String(this.shards),
      AURA_LEASE: '3s',
      AURA_TOKEN: token,
      LEDGER: this.#ledger,
    }
  }

  /** Starts an instance; ready when it resolves. */
  async open(): Promise<Instance> {
    const words = [
      'serve',
      '--engine',
      'temporal',
      '--agents',
      'agents.ts',
      '--port',
      '0',
      '--json',
    ]
    const db = `${this.#count++}.db`
    const process = startAura(
      this.#folder,
      [...words, '--workflows', 'order.yaml', '--db', db],
      this.#env,
    )
    const { url, instance } = JSON.parse(await process.prints(/{.*}\n/)) as {
      readonly url: string
      readonly instance: string
    }
    return { process, url, name: instance }
  }

  /** Events of an execution as `aura logs` prints them, asked for beside the first instance. */
  async logs(executionId: string): Promise<readonly { readonly seq: number }[]> {
    const words = ['logs', executionId, '--json', '--db', '0.db']
    const { stdout } = await startAura(this.#folder, words, this.#env).ended
    return (JSON.parse(stdout) as { readonly entries: readonly { readonly seq: number }[] }).entries
  }

  id(order: number): string {
    return `order-${this.#id}-${order}`
  }

  /** Starts an execution at any of the instances that takes it, as a client behind a balancer would. */
  async order(instances: () => readonly Instance[], order: number): Promise<string> {
    const executionId = this.id(order)
    for (;;) {
      for (const { url } of instances()) {
        const body = { workflow: 'order', executionId, input: { order } }
        const answer = await ask(url, 'POST', '/v1/executions', body).catch(() => null)
        if (answer !== null && answer.status < 300) return executionId
      }
      await pause(200)
    }
  }

  /** The lines of the ledger of one action. */
  calls(action: string): readonly { readonly key: string; readonly pid: number }[] {
    if (!existsSync(this.#ledger)) return []
    return readFileSync(this.#ledger, 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([name]) => name === action)
      .map(([, key = '', pid]) => ({ key, pid: Number(pid) }))
  }
}

/** Asks an instance; rejects when it does not answer within 20 s. */
export async function ask(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly value: Record<string, unknown> }> {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(20_000),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, value: (await answer.json()) as Record<string, unknown> }
}

export async function placed({ url }: Instance, executionId = 'any'): Promise<Placed> {
  const path = `/v1/placement?execution=${executionId}`
  return (await ask(url, 'GET', path)).value as unknown as Placed
}

/** Resolves when these instances, and no others, hold all shards in fair shares. */
export async function shared(instances: readonly Instance[], shards: number): Promise<void> {
  const names = instances.map(({ name }) => name).toSorted()
  const fair = names.map((name) => [name, shards / names.length])
  await expect
    .poll(
      async () => {
        const { members, holds } = await placed(instances[0] as Instance)
        return members.map((name) => [name, holds.filter((one) => one.instance === name).length])
      },
      { timeout: 60_000, interval: 200 },
    )
    .toEqual(fair)
}

/** Resolves when an execution has completed, as any of the instances sees it. */
export async function completed({ url }: Instance, executionId: string): Promise<void> {
  await expect
    .poll(async () => (await ask(url, 'GET', `/v1/executions/${executionId}`)).value['status'], {
      timeout: 120_000,
      interval: 300,
    })
    .toBe('completed')
}

/** Its events as they happen, until it has ended. */
export function followed(
  { url }: Instance,
  executionId: string,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  return fetch(`${url}/v1/executions/${executionId}/events`, {
    headers: { ...headers, authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(120_000),
  })
}

/** Starts executions one after the other at whoever takes them. */
export async function load(
  site: Site,
  instances: () => readonly Instance[],
): Promise<readonly string[]> {
  const ids: string[] = []
  for (let order = 0; order < orders; order++) {
    const turned = (): readonly Instance[] => {
      const all = instances()
      return [...all.slice(order % all.length), ...all.slice(0, order % all.length)]
    }
    ids.push(await site.order(turned, order))
    await pause(betweenMs)
  }
  return ids
}

/** Every order was paid once and shipped under one key. */
export function expectNothingDoubled(site: Site, ids: readonly string[]): void {
  const paid = site.calls('pay').map(({ key }) => key)
  expect(paid.toSorted()).toEqual([...new Set(paid)].toSorted())
  expect(paid).toHaveLength(ids.length)
  expect(new Set(site.calls('ship').map(({ key }) => key)).size).toBe(ids.length)
}
