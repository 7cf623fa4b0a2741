// Owns a lease and writes state under it until somebody else has: prints `owns TOKEN`, then why it ended.
import { isOrchestrationError } from '../../src/core/errors.ts'
import { openRedis, RedisLeaseStore, RedisStateStore } from '../../src/integrations/redis/index.ts'

const url = process.argv[2] as string
const { connection, close } = await openRedis({ url })
const store = new RedisStateStore({ connection })
const lease = await new RedisLeaseStore({ connection }).acquire('order-1', 'process', 500)
if (lease === null) throw new Error('the lease is taken')
console.log(`owns ${lease.token}`)
for (let n = 0; ; n++) {
  try {
    const writes = [{ key: 'by', value: 'process' }]
    await store.apply('order-1', { batchId: `p${n}`, writes }, { fence: lease })
  } catch (thrown) {
    // A connection that was cut while the process stood still is made again by the next write.
    if (isOrchestrationError(thrown) && thrown.retryable) continue
    console.log(isOrchestrationError(thrown) ? thrown.details?.['because'] : thrown)
    break
  }
}
await close()
