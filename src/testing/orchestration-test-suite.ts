import {
  type CoordinationOptions,
  type CoordinationRow,
  measureCoordination,
} from './coordination-benchmark.ts'
import { type LoadOptions, type LoadReport, offerLoad } from './load.ts'
import { type ResilienceOptions, type ResilienceReport, testResilience } from './resilience.ts'
import type { TestedDocument } from './tested-document.ts'

/**
 * What a team asks of a workflow before it goes into production: does it stand every fault, how much load
 * does it take, what does working together cost.
 *
 * @example
 * import assert from 'node:assert/strict'
 * import { OrchestrationTestSuite } from 'aura-orchestration/testing'
 *
 * const suite = new OrchestrationTestSuite()
 * const pay = {
 *   name: 'pay',
 *   version: '1.0.0',
 *   steps: { charge: { agent: 'bank', action: 'charge' } },
 * } as const
 * const agents = { bank: { charge: () => ({ paid: true }) } }
 *
 * const { passed } = await suite.testWorkflowResilience(pay, { agents })
 * assert.equal(passed, true)
 *
 * const load = await suite.runLoad({ arrivalsPerSecond: 100, durationMs: 200, document: pay, agents })
 * assert.equal(load.completed, 20)
 *
 * const [row] = await suite.benchmarkCoordinationPatterns({ rounds: 3, only: ['pipeline'] })
 * assert.equal(row?.pattern, 'pipeline')
 */
export class OrchestrationTestSuite {
  /**
   * Runs the workflow once for each place at which each fault can happen: the process dies before, after and
   * soon after every commit of a run without faults and inside every call, every call fails, hangs, is late
   * and is delivered twice, and at every commit the clock is set and the disk is full. One execution at a
   * time, in virtual time. The properties of `simulate` are checked too.
   *
   * @throws DocumentError, InputError; UsageError when the workflow fails without any fault
   */
  testWorkflowResilience(
    doc: TestedDocument,
    options?: ResilienceOptions,
  ): Promise<ResilienceReport> {
    return testResilience(doc, options)
  }

  /**
   * Starts executions by the clock, however far behind the engine is, and measures each from the moment at
   * which it was to start. Real time; the engine is in memory or over the file `db`.
   *
   * @throws DocumentError, AgentModuleError, OwnerError when another process owns the file
   */
  runLoad(options: LoadOptions): Promise<LoadReport> {
    return offerLoad(options)
  }

  /**
   * Milliseconds of one execution of each coordination pattern, on an idle engine in memory.
   *
   * @throws UsageError for an unknown name
   */
  benchmarkCoordinationPatterns(
    options?: CoordinationOptions,
  ): Promise<readonly CoordinationRow[]> {
    return measureCoordination(options)
  }
}
