import {
  EngineStage,
  type EngineCase,
  type EngineChecks,
  type OpenHarness,
} from './engine-stage.ts'
import { adaptationChecks } from './engine-suite/adaptation-suite.ts'
import { breakerChecks } from './engine-suite/breaker-suite.ts'
import { budgetChecks } from './engine-suite/budget-suite.ts'
import { checkpointChecks } from './engine-suite/checkpoints-suite.ts'
import { childrenChecks } from './engine-suite/children-suite.ts'
import { compensationChecks } from './engine-suite/compensation-suite.ts'
import { concurrencyChecks } from './engine-suite/concurrency-suite.ts'
import { decisionChecks } from './engine-suite/decisions-suite.ts'
import { endingChecks } from './engine-suite/endings-suite.ts'
import { failureChecks } from './engine-suite/failures-suite.ts'
import { forkChecks } from './engine-suite/fork-suite.ts'
import { identityChecks } from './engine-suite/identity-suite.ts'
import { nestedChecks } from './engine-suite/nested-suite.ts'
import { patternChecks } from './engine-suite/patterns-suite.ts'
import { recoveryChecks } from './engine-suite/recovery-suite.ts'
import { redriveChecks } from './engine-suite/redrive-suite.ts'
import { regressionChecks } from './engine-suite/regressions-suite.ts'
import { rollbackChecks } from './engine-suite/rollback-suite.ts'
import { stateChecks } from './engine-suite/state-suite.ts'
import { steeringChecks } from './engine-suite/steering-suite.ts'
import { tdaChecks } from './engine-suite/tda-suite.ts'
import { triggerChecks } from './engine-suite/triggers-suite.ts'
import { waitingChecks } from './engine-suite/waiting-suite.ts'

/** The themes of the suite, as an adapter may declare a gap for one. */
const themes: Readonly<Record<string, EngineChecks>> = {
  decisions: decisionChecks,
  failures: failureChecks,
  concurrency: concurrencyChecks,
  breaker: breakerChecks,
  budgets: budgetChecks,
  waiting: waitingChecks,
  identity: identityChecks,
  steering: steeringChecks,
  adaptation: adaptationChecks,
  endings: endingChecks,
  compensation: compensationChecks,
  recovery: recoveryChecks,
  state: stateChecks,
  checkpoints: checkpointChecks,
  rollback: rollbackChecks,
  fork: forkChecks,
  redrive: redriveChecks,
  children: childrenChecks,
  nested: nestedChecks,
  patterns: patternChecks,
  tda: tdaChecks,
  triggers: triggerChecks,
  regressions: regressionChecks,
}

/** Checks that an adapter does not pass, by name, or all of a theme as `theme: *`, each with the reason. */
export type DeclaredGaps = Readonly<Record<string, string>>

/**
 * The behaviours of the port `WorkflowEngine`, to be run one by one by any test runner; each opens an
 * engine of its own and closes it. Time moves only through the harness.
 *
 * @param gaps what the adapter declares: these cases have a `gap`, and are to be shown and not run
 * @throws Error when a gap names no check
 */
export function workflowEngineSuite(
  open: OpenHarness,
  gaps: DeclaredGaps = {},
): readonly EngineCase[] {
  const checks = Object.entries(themes).flatMap(([theme, ofTheme]) =>
    Object.entries(ofTheme).map(([name, check]) => ({ name: `${theme}: ${name}`, theme, check })),
  )
  for (const gap of Object.keys(gaps)) {
    if (!checks.some(({ name, theme }) => name === gap || `${theme}: *` === gap))
      throw new Error(`the gap '${gap}' names no check`)
  }
  return checks.map(({ name, theme, check }) => ({
    name,
    gap: gaps[name] ?? gaps[`${theme}: *`] ?? null,
    async run() {
      const stage = new EngineStage(open)
      await stage.open()
      try {
        await check(stage)
      } finally {
        await stage.close()
      }
    },
  }))
}
