import type { Client } from '@temporalio/client'
import type { ClientModule } from './load.ts'
import type { RemoteExecutions } from './remote-executions.ts'
import { type Activities, type SlotMessage, slotKeeperType } from './wire.ts'

export interface SlotKeepersParts {
  readonly module: ClientModule
  readonly client: Client
  readonly executions: RemoteExecutions
  /** Where a keeper begins: the task queue of whoever asks first. */
  readonly taskQueue: string
  /** Executions of one installation bound one another: what the names of its task queues have in common. */
  readonly installation: string
}

/** How a worker reaches the keepers of the keys of `concurrency`. */
export function slotActivities(
  parts: SlotKeepersParts,
): Pick<Activities, 'tellKeepers' | 'endedOf'> {
  return {
    async tellKeepers(messages) {
      const byKey = Map.groupBy(messages, keyOf)
      await Promise.all(Array.from(byKey, ([key, ofKey]) => tell(parts, key, ofKey)))
    },
    async endedOf(executionIds) {
      const areOpen = await Promise.all(executionIds.map((id) => parts.executions.isOpen(id)))
      return executionIds.filter((_, place) => areOpen[place] === false)
    },
  }
}

function keyOf(message: SlotMessage): string {
  return message.kind === 'ask' ? message.slot.key : message.key
}

async function tell(
  { module, client, taskQueue, installation }: SlotKeepersParts,
  key: string,
  messages: readonly SlotMessage[],
): Promise<void> {
  const workflowId = `aura-slots/${installation}/${key}`
  const signal = { signal: 'tellKeeper', signalArgs: [messages] }
  if (messages.some(({ kind }) => kind === 'ask')) {
    const args = [{ holding: [], waiting: [] }]
    await client.workflow.signalWithStart(slotKeeperType, {
      ...signal,
      workflowId,
      taskQueue,
      args,
    })
    return
  }
  try {
    await client.workflow.getHandle(workflowId).signal(signal.signal, messages)
  } catch (thrown) {
    // A keeper that has ended keeps nothing for anybody.
    if (!(thrown instanceof module.WorkflowNotFoundError)) throw thrown
  }
}
