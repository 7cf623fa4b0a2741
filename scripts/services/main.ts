// The real servers, from the registries, on loopback: `services:up`, `services:down`, `services:status`.
//
//   npm run services:up [redis|temporal|kafka]…      all of them when none is named
import { kafka } from './kafka.ts'
import { redis } from './redis.ts'
import type { Service } from './service.ts'
import { down, standingOf, up } from './supervisor.ts'
import { temporal } from './temporal.ts'

const services: readonly Service[] = [redis, temporal, kafka]
const [verb, ...names] = process.argv.slice(2)

const unknown = names.filter((name) => services.every((service) => service.name !== name))
if (unknown.length > 0) {
  console.error(
    `services: no '${unknown.join("', '")}'; there are ${services.map(({ name }) => name).join(', ')}`,
  )
  process.exit(2)
}
const wanted = services.filter(({ name }) => names.length === 0 || names.includes(name))
const say = (line: string): void => console.log(line)

switch (verb) {
  case 'up':
  case 'down':
    await Promise.all(wanted.map((service) => attempt(service, verb === 'up' ? up : down)))
    break
  case 'status':
    for (const service of wanted) {
      const standing = await standingOf(service)
      say(`${service.name} ${service.version} is ${standing}: ${service.setting}`)
      if (standing !== 'up') process.exitCode = 1
    }
    break
  default:
    console.error('services: up, down or status')
    process.exit(2)
}

async function attempt(service: Service, work: typeof up): Promise<void> {
  try {
    await work(service, say)
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown)
    process.exitCode = 1
  }
}
