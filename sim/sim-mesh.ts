import type { CloudEvent } from '../src/core/contracts/events.ts'
import type { MeshPort } from '../src/core/contracts/mesh.ts'
import { AgentCommunicationError, OrchestrationError } from '../src/core/errors.ts'
import type { KernelEvent } from '../src/workflow/kernel/events.ts'

export interface SimMeshParts {
  /** Whether the mesh refuses what comes now. */
  readonly refuses: () => boolean
  readonly fail: (property: string) => void
}

/** The mesh outside of every process: remembers what executions have recorded as published, and what was sent. */
export class SimMesh {
  readonly #parts: SimMeshParts
  readonly #recorded = new Set<string>()
  readonly #sent = new Set<string>()

  constructor(parts: SimMeshParts) {
    this.#parts = parts
  }

  /** An event of the journal is durable. */
  committed(event: KernelEvent): void {
    if ('undone' in event && event.undone !== undefined) this.#recorded.add(event.undone.key)
    if (event.kind !== 'EventsPublished') return
    for (const place of event.events.keys()) this.#recorded.add(`${event.key}/e${place}`)
  }

  /** One process's way to the mesh. */
  port(isDead: () => boolean): MeshPort {
    const none = new OrchestrationError('RefusedError', 'nobody asks here')
    return {
      publish: (event) => (isDead() ? never() : this.#take(event)),
      request: () => Promise.reject(none),
      subscribe: () => Promise.reject(none),
    }
  }

  /** Ids that were recorded as published and never sent. */
  get unsent(): readonly string[] {
    return Array.from(this.#recorded).filter((id) => !this.#sent.has(id))
  }

  #take({ id }: CloudEvent): Promise<void> {
    if (this.#parts.refuses()) return Promise.reject(new AgentCommunicationError('not now'))
    if (!this.#recorded.has(id)) this.#parts.fail(`sentAfterRecorded (${id})`)
    this.#sent.add(id)
    return Promise.resolve()
  }
}

function never(): Promise<never> {
  return new Promise(() => {})
}
