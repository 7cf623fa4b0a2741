import { askBadly } from './bad-documents.ts'
import type { World } from './world.ts'

/** How many of these come in one seed, in how many of all seeds. */
const mishaps: readonly (readonly [share: number, count: number, happen: Happen])[] = [
  [0.3, 1, fillDisk],
  [0.5, 1, jump],
  [0.4, 4, noticeAnomaly],
  [0.4, 4, sendEvent],
  [0.3, 6, (world) => world.semanticClients.send()],
  [0.2, 2, askBadly],
]

type Happen = (world: World, number: number) => void

/** Plans what happens besides crashes and what people do. @param soon some time of the seed */
export function planMishaps(world: World, soon: () => number): void {
  for (const [share, count, happen] of mishaps) {
    if (world.random() >= share) continue
    for (let number = 0; number < count; number++) world.at(soon(), () => happen(world, number))
  }
}

function fillDisk(world: World): void {
  world.saw('diskFull')
  world.fullUntilMs = world.time.monotonicMs + 400
}

/** Somebody sets the clock. */
function jump(world: World): void {
  world.saw('clockJump')
  world.time.setWall(world.time.wallMs + Math.round((world.random() - 0.5) * 10_000))
}

function noticeAnomaly({ random, tda, time }: World): void {
  const roll = random()
  if (roll < 0.15) tda.calm()
  else if (roll < 0.25) tda.silence()
  else tda.anomaly(roll < 0.5 ? 0.6 : 0.9, time.wallMs - Math.floor(roll * 500))
}

/** One that starts workflows, half of them under the id of another one. */
function sendEvent({ clients }: World, number: number): void {
  clients.send({
    id: `e${number % 2}`,
    source: number < 2 ? '/a' : '/b',
    type: 'sim.happened',
    time: null,
    subject: null,
    data: { n: number },
  })
}
