import { OrchestrationError } from '../core/errors.ts'
import type { Channel, Member } from './channel.ts'
import type { EventHandler } from './event-mesh.ts'

const maxConcurrentDefault = 16

/** @throws InputError when `maxConcurrent` is no integer of 1 or more */
export function addMember(
  channel: Channel,
  handler: EventHandler,
  maxConcurrent = maxConcurrentDefault,
): Member {
  if (!Number.isInteger(maxConcurrent) || maxConcurrent < 1)
    throw new OrchestrationError('InputError', 'maxConcurrent is an integer of 1 or more')
  const member: Member = { handler, maxConcurrent, running: 0, onEnded: null }
  channel.members.push(member)
  channel.wake()
  return member
}

/** Gives a member nothing more; resolves when its handler runs no more. */
export async function stopMember(channel: Channel, member: Member, why: unknown): Promise<void> {
  channel.remove(member, why)
  if (member.running === 0) return
  await new Promise<void>((resolve) => {
    member.onEnded = () => {
      if (member.running === 0) resolve()
    }
  })
}
