import { setTimeout as pause } from 'node:timers/promises'
import { RedisServer } from './redis-server.ts'

/** A real cluster of three primaries on this machine. */
export class RedisCluster {
  readonly nodes: readonly RedisServer[]

  private constructor(nodes: readonly RedisServer[]) {
    this.nodes = nodes
  }

  /** Starts one; resolves when every slot is served. */
  static async start(): Promise<RedisCluster> {
    const options = { 'cluster-enabled': 'yes', 'cluster-node-timeout': '2000' }
    const nodes = await Promise.all([1, 2, 3].map(() => RedisServer.start(options)))
    const [first] = nodes as [RedisServer]
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await first.cli('--cluster', 'create', ...addresses, '--cluster-yes')
    for (const node of nodes)
      while (!(await node.cli('cluster', 'info')).includes('cluster_state:ok')) await pause(50)
    return new RedisCluster(nodes)
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()))
  }
}
