import { type MeshChecks, MeshStage, type OpenMesh } from './mesh-stage.ts'
import { boundChecks } from './mesh-suite/bounds-suite.ts'
import { durabilityChecks } from './mesh-suite/durability-suite.ts'
import { faultChecks } from './mesh-suite/faults-suite.ts'
import { orderChecks } from './mesh-suite/order-suite.ts'
import { queueChecks } from './mesh-suite/queues-suite.ts'
import { requestChecks } from './mesh-suite/requests-suite.ts'
import { topicChecks } from './mesh-suite/topics-suite.ts'

/** One behaviour that every mesh has; `run` rejects when this one has it not. */
export interface MeshCase {
  readonly name: string
  run(): Promise<void>
}

/** The themes of the suite, as an adapter may declare a gap for one of their checks. */
const themes: Readonly<Record<string, MeshChecks>> = {
  topics: topicChecks,
  order: orderChecks,
  requests: requestChecks,
  queues: queueChecks,
  faults: faultChecks,
  bounds: boundChecks,
  durability: durabilityChecks,
}

/**
 * The behaviours of the port `EventMesh`, to be run one by one by any test runner; each opens a mesh of its
 * own and closes it. Time moves only through the harness.
 *
 * @param gaps names of cases (`theme: name`) that the adapter declares it does not pass, with the reason; a
 *   theme alone, as `durability`, declares all of its cases
 * @throws Error when a gap names no case and no theme
 */
export function eventMeshSuite(
  open: OpenMesh,
  gaps: Readonly<Record<string, string>> = {},
): readonly MeshCase[] {
  const checks = Object.entries(themes).flatMap(([theme, ofTheme]) =>
    Object.entries(ofTheme).map(([name, check]) => ({ theme, name: `${theme}: ${name}`, check })),
  )
  for (const gap of Object.keys(gaps)) {
    if (!checks.some(({ theme, name }) => gap === theme || gap === name))
      throw new Error(`the gap '${gap}' names no case`)
  }
  return checks
    .filter(({ theme, name }) => gaps[theme] === undefined && gaps[name] === undefined)
    .map(({ name, check }) => ({
      name,
      async run() {
        const harness = await open()
        try {
          await check(new MeshStage(harness))
        } finally {
          await harness.close()
        }
      },
    }))
}
