import { writeSync } from 'node:fs'
import { openEngine, type RunView } from '../../src/engine/index.ts'
import { defineWorkflow } from '../../src/workflow/index.ts'
import { ledgerAgents, OutsideLedger } from './ledger-agents.ts'

/**
 * A process that the test kills: recovers what is open, starts new executions one after the other, says
 * `accepted <id>` once a start is durable, resolves what is uncertain by what the ledger says, and says
 * `idle` when nothing is open any more. At a mail's number `killAtMail` it kills itself, beside its effect.
 */
const [db, ledgerPath, firstNumber, count, killAtMail] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
]

class DeadlyLedger extends OutsideLedger {
  #mails = 0

  override write(key: string): void {
    const fatal = key.includes('/mail/') && ++this.#mails === Number(killAtMail)
    // Half of them before the effect has happened.
    if (fatal && Number(killAtMail) % 2 === 0) process.kill(process.pid, 'SIGKILL')
    super.write(key)
    if (fatal) process.kill(process.pid, 'SIGKILL')
  }
}
const ledger = new DeadlyLedger(ledgerPath)

const document = defineWorkflow({
  name: 'transfer',
  version: '1.0.0',
  steps: {
    look: { agent: 'outside', action: 'read' },
    book: { needs: ['look'], agent: 'outside', action: 'once' },
    each: { needs: ['look'], forEach: '[1, 2]', agent: 'outside', action: 'once' },
    mail: { needs: ['book'], agent: 'outside', action: 'blind' },
    rest: { needs: ['mail', 'each'], sleep: '20ms' },
    last: { needs: ['rest'], agent: 'outside', action: 'read' },
  },
})

const engine = await openEngine({ db, agents: ledgerAgents(ledger), durability: 'normal' })
const open = new Map<string, Promise<unknown>>()

/** The ledger knows what nobody else does: no process but this one can still write to it. */
function resolved(executionId: string, step: string): Promise<void> {
  const key = `${executionId}/${step}/1`
  const resolution = ledger.has(key)
    ? ({ kind: 'succeed', output: { key } } as const)
    : ({ kind: 'retry' } as const)
  return engine.resolve(executionId, step, resolution)
}

for (const id of process.argv.slice(7)) {
  // Recorded as uncertain by an earlier life that was killed before it resolved it.
  if ((await engine.getExecution(id)).steps['mail']?.status === 'uncertain')
    await resolved(id, 'mail')
}
engine.subscribe({
  onEvent({ executionId, event }) {
    if (event.kind !== 'CallUncertain') return
    queueMicrotask(() => void resolved(executionId, event.step).catch(fail))
  },
})
for (const id of process.argv.slice(7)) drive(id, engine.continueWorkflow(id))
const starts = Array.from({ length: Number(count) }, async (_, i) => {
  const executionId = `t-${Number(firstNumber) + i}`
  await engine.startWorkflow('transfer', document, { executionId })
  say(`accepted ${executionId}`)
  drive(executionId, engine.continueWorkflow(executionId))
})
await Promise.all(starts)
await Promise.all(open.values())
say('idle')
await engine.close()

function drive(id: string, ending: Promise<RunView>): void {
  const ended = async ({ status, error }: RunView): Promise<void> => {
    if (error?.code !== 'CrashLoopError') return say(`ended ${id} ${status}`)
    // Kills that meet one call again and again look as if it were the cause: somebody who knows better goes on.
    say(`redriven ${id}`)
    await engine.redrive(id)
    await ended(await engine.continueWorkflow(id))
  }
  open.set(id, ending.then(ended).catch(fail))
}

/** At once and unbuffered: what the test has read was true. */
function say(line: string): void {
  writeSync(1, `${line}\n`)
}

function fail(error: unknown): never {
  say(`broken ${String(error)}`)
  process.exit(1)
}
