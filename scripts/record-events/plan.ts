import { seededRandom } from '../../src/core/random.ts'

/** What is done to the service: an incident is to be noticed, the rest is not. */
export interface Disturbance {
  readonly kind: 'eventLoopStall' | 'memoryLeak' | 'lostDependency' | 'burst' | 'deploy'
  readonly isIncident: boolean
  /** From the start of the recording. */
  readonly t0Ms: number
  readonly t1Ms: number
  readonly note: string
}

const kinds = {
  eventLoopStall: { isIncident: true, note: 'the event loop is blocked 110 ms of every 310' },
  memoryLeak: { isIncident: true, note: 'sessions are kept and searched on each request' },
  lostDependency: { isIncident: true, note: 'the inventory service is down' },
  burst: { isIncident: false, note: 'twice as many requests as usual' },
  deploy: { isIncident: false, note: 'the inventory service is restarted on purpose' },
} as const

const slotMs = 30_000

/**
 * One disturbance in each slot of 30 s but the first: three of each kind of incident, two bursts and two
 * deploys, in an order, at an offset and of a length that the seed decides.
 */
export function makePlan(seed: number): {
  readonly lengthMs: number
  readonly plan: Disturbance[]
} {
  const random = seededRandom(seed)
  const names = (['eventLoopStall', 'memoryLeak', 'lostDependency'] as const).flatMap((kind) => [
    kind,
    kind,
    kind,
  ])
  const order = [...names, ...(['burst', 'burst', 'deploy', 'deploy'] as const)]
    .map((kind) => ({ kind, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
  const plan = order.map(({ kind }, slot) => {
    const t0Ms = Math.round((slot + 1) * slotMs + 4_000 + random() * 8_000)
    const lengthMs = kind === 'deploy' ? 1_000 : Math.round(8_000 + random() * 4_000)
    return { kind, ...kinds[kind], t0Ms, t1Ms: t0Ms + lengthMs }
  })
  return { lengthMs: (plan.length + 1) * slotMs, plan }
}
