import { OrchestrationError } from '../core/errors.ts'
import type { Beat } from './placement-store.ts'

/** The most shards of an installation. */
export const shardsMax = 1_024
/** The shortest and the longest lease. */
const leaseMsMin = 10
const leaseMsMax = 3_600_000

/** Checks what an instance says, whichever store it says it to. @throws InputError */
export function checkBeat(beat: Beat): Beat {
  const { instance, leaseMs, shards, take, release } = beat
  if (!/^[\w.:-]{1,200}$/.test(instance))
    throw wrong(`the instance '${instance}'`, 'letters, digits and . _ : -, at most 200')
  if (!isWithin(shards, 1, shardsMax)) throw wrong(`shards ${shards}`, `1 to ${shardsMax}`)
  if (!isWithin(leaseMs, leaseMsMin, leaseMsMax))
    throw wrong(`leaseMs ${leaseMs}`, `${leaseMsMin} to ${leaseMsMax}`)
  for (const shard of [...take, ...release])
    if (!isWithin(shard, 0, shards - 1)) throw wrong(`shard ${shard}`, `0 to ${shards - 1}`)
  return beat
}

/** The refusal of an instance that has another number of shards than its installation. */
export function otherShards(shards: number, known: number): OrchestrationError {
  return new OrchestrationError(
    'RefusedError',
    `the installation has ${known} shards, and this instance has ${shards}`,
    { hint: `set placement.shards to ${known}; more of them only while no instance runs` },
  )
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max
}

function wrong(what: string, expected: string): OrchestrationError {
  return new OrchestrationError('InputError', `${what} is not valid`, {
    hint: `it takes ${expected}`,
  })
}
