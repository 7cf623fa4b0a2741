import { existsSync, writeSync } from 'node:fs'
import { defineAgent } from '../../src/agents/index.ts'
import { systemClock } from '../../src/core/clock.ts'
import { isOrchestrationError } from '../../src/core/errors.ts'
import { openEngine } from '../../src/engine/index.ts'

/** An owner whose only call ends once a file exists; says `called`, then what became of its execution. */
const [db, doneFile] = process.argv.slice(2) as [string, string]

const engine = await openEngine({
  db,
  agents: [
    defineAgent({
      type: 'slow',
      actions: {
        work: {
          effect: 'idempotent',
          async run() {
            writeSync(1, 'called\n')
            while (!existsSync(doneFile))
              await new Promise<void>((resolve) => void systemClock.after(5, resolve))
            return 'by the old owner'
          },
        },
      },
    }),
  ],
})
const document = { name: 'slow', version: '1.0.0', steps: { a: { agent: 'slow', action: 'work' } } }
const said = await engine.executeWorkflow('slow', document, { executionId: 'x' }).then(
  ({ status }) => `ended ${status}`,
  (error: unknown) => `refused ${isOrchestrationError(error) ? error.code : String(error)}`,
)
writeSync(1, `${said}\n`)
const later = await engine.startWorkflow('slow', document, { executionId: 'y' }).then(
  () => 'accepted',
  (error: unknown) => `refused ${isOrchestrationError(error) ? error.code : String(error)}`,
)
writeSync(1, `${later}\n`)
process.exit(0)
