import type { CloudEvent } from '../src/core/contracts/events.ts'
import { isOrchestrationError } from '../src/core/errors.ts'
import type { RunView } from '../src/engine/workflow-engine.ts'
import type { WorkflowDocument } from '../src/workflow/document/document.ts'
import { sameOutput } from './execution-model.ts'
import type { World } from './world.ts'

/** An execution that a client asked for. */
interface Asked {
  readonly document: WorkflowDocument
  /** The start was acknowledged as durable. */
  isAcknowledged: boolean
}

/** An event that somebody sent. */
interface Sent {
  readonly event: CloudEvent
  isAcknowledged: boolean
}

/** Those who want something of the engine and ask again until they hear that they have it. */
export class Clients {
  readonly asked = new Map<string, Asked>()
  readonly sent: Sent[] = []
  /** Numbers of writes from outside that were acknowledged, by execution. */
  readonly written: { readonly executionId: string; readonly id: number }[] = []
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  ask(executionId: string, document: WorkflowDocument): void {
    this.asked.set(executionId, { document, isAcknowledged: false })
    this.submit(executionId)
    if (this.#world.random() >= 0.1) return
    this.#world.saw('duplicateStart')
    this.submit(executionId)
  }

  /** Somebody asks for the execution, as clients do again when they heard nothing. */
  submit(executionId: string): void {
    const world = this.#world
    const asked = this.asked.get(executionId) as Asked
    const { engine } = world.process
    const options = { executionId, input: { number: executionId.length } }
    engine.startDocument(asked.document, options).then(
      () => {
        asked.isAcknowledged = true
        this.#isDurable(executionId)
      },
      (thrown: unknown) => {
        // The client will ask again.
        if (isOrchestrationError(thrown) && thrown.code === 'ResourceExhaustionError')
          this.#world.coverage.count('features', 'refusedByAdmission')
      },
    )
    if (this.#world.random() < 0.5) return
    engine.executeDocument(asked.document, options).then(
      (view) => this.#told(view),
      () => {},
    )
  }

  /** A fork is asked for once: whoever hears nothing looks whether it is there. */
  fork(from: { readonly executionId: string; readonly checkpoint: string }, id: string): void {
    this.#world.process.engine.fork(from.executionId, from.checkpoint, { executionId: id }).then(
      () => {
        this.#isDurable(id)
        const taken = /@(\d+)$/.exec(from.checkpoint)?.[1]
        const seq = from.checkpoint === 'start' ? 1 : Number(taken ?? NaN)
        const second = this.#world.record(id)?.model.events[1]?.event
        if (second?.kind === 'ExecutionForked' && seq >= 0 && second.seq !== seq)
          this.#world.fail(`forkCopiesTheCheckpoint (${id})`)
      },
      () => {},
    )
  }

  send(event: CloudEvent): void {
    const sent = { event, isAcknowledged: false }
    this.sent.push(sent)
    this.#deliver(sent)
    if (this.#world.random() >= 0.5) return
    this.#world.saw('duplicateDelivery')
    this.#deliver(sent)
  }

  /** Delivers once more what was acknowledged, or what was not. */
  sendAgain(isAcknowledged: boolean): void {
    for (const sent of this.sent) if (sent.isAcknowledged === isAcknowledged) this.#deliver(sent)
  }

  write(executionId: string, id: number, expected: number | null): void {
    const { engine } = this.#world.process
    const answer =
      expected === null
        ? engine.setState(executionId, 'ext', { id }, { ttlMs: 20 + (id % 400) })
        : engine.setState(executionId, 'cas', { id, expected }, { expectedVersion: expected })
    answer.then(
      () => this.written.push({ executionId, id }),
      () => {}, // ended, or it has another version
    )
  }

  /** Everything that was asked for is there, and every event was taken. */
  get areServed(): boolean {
    for (const executionId of this.asked.keys())
      if (!this.#world.records.byId.has(executionId)) return false
    return this.sent.every(({ isAcknowledged }) => isAcknowledged)
  }

  /** What was acknowledged is there. */
  check(): void {
    const { records } = this.#world
    for (const [executionId, { isAcknowledged }] of this.asked) {
      if (isAcknowledged && !records.byId.has(executionId)) this.#world.fail('noAcceptedIsLost')
    }
    for (const { executionId, id } of this.written) {
      const record = records.byId.get(executionId)
      if (record?.isExempt === false && !record.model.written.has(id))
        this.#world.fail(`acknowledgedWriteIsRecorded (${executionId})`)
    }
    this.#checkEvents()
  }

  #checkEvents(): void {
    const started = new Map<string, number>()
    let isExempt = false
    for (const { row, model, isExempt: isOut } of this.#world.records.byId.values()) {
      if (isOut) isExempt = true
      const first = model.events[0]?.event
      if (first?.kind !== 'ExecutionStarted' || typeof first.input['event'] !== 'string') continue
      const second = model.events[1]?.event
      if (second?.kind === 'ExecutionForked') continue
      const key = `${row.workflow} ${first.input['event']}`
      started.set(key, (started.get(key) ?? 0) + 1)
    }
    for (const [key, count] of started) {
      if (count !== 1) this.#world.fail(`eventStartsOnce (${key})`)
    }
    if (isExempt) return
    for (const { event, isAcknowledged } of this.sent) {
      const key = event.source + event.id
      if (isAcknowledged && !started.has(`fires ${key}`)) this.#world.fail(`eventStarts (${key})`)
    }
  }

  #deliver(sent: Sent): void {
    this.#world.process.engine.deliver(sent.event).then(
      (started) => {
        sent.isAcknowledged = true
        for (const executionId of started) {
          this.#world.coverage.count('features', 'fired')
          this.#isDurable(executionId)
        }
      },
      () => {}, // over the admission limit, or the process has died
    )
  }

  #isDurable(executionId: string): void {
    if (this.#world.disk.store.find(executionId) === undefined)
      this.#world.fail('acceptedIsDurable')
  }

  /** A caller is told what is recorded, and not before that is durable. */
  #told({ executionId, status, output }: RunView): void {
    const record = this.#world.records.byId.get(executionId)
    if (record === undefined || record.isExempt) return
    const row = this.#world.disk.store.find(executionId)
    if (row?.isPruned === true) return
    const { model } = record
    if (model.end.ends.length === 0) return this.#world.fail('toldOnlyWhatIsDurable')
    if (model.end.result === null) return // opened again meanwhile
    const isSame = status !== 'completed' || sameOutput(output, model.output)
    if (model.end.result !== status || !isSame) this.#world.fail('toldWhatIsRecorded')
  }
}
