import { rendezvousOrder } from '../core/rendezvous.ts'

/**
 * Who is to have each shard. All members get as many, or one more than the others. A member keeps what it holds,
 * up to its share; what is left goes to whoever ranks highest for it by rendezvous hashing and has room. So a
 * member that joins takes its share and nothing else moves, and of one that leaves only its own shards move.
 *
 * Rendezvous alone would spread a few shards unevenly: a dozen over three members may well lie 7, 3 and 2.
 *
 * Source of the bound: V. Mirrokni, M. Thorup, M. Zadimoghaddam, "Consistent hashing with bounded loads",
 * SODA 2018.
 *
 * @param holders who holds which shard now; of no effect for whoever is no member
 * @returns the member of each shard; empty without members
 */
export function placeShards(
  shards: number,
  members: readonly string[],
  holders: ReadonlyMap<number, string>,
): readonly string[] {
  if (members.length === 0) return []
  const order = Array.from({ length: shards }, (_, shard) => rendezvousOrder(`${shard}`, members))
  const room = shares(shards, members, holders)
  const placed: (string | undefined)[] = Array.from({ length: shards }, () => undefined)
  const rank = (shard: number): number => order[shard]?.indexOf(holders.get(shard) ?? '') ?? -1
  const held = [...holders.keys()].filter((shard) => rank(shard) >= 0)
  // Who holds too much lets go of what it ranks lowest for.
  for (const shard of held.toSorted((a, b) => rank(a) - rank(b) || a - b)) {
    const holder = holders.get(shard) as string
    if (take(room, holder)) placed[shard] = holder
  }
  return placed.map(
    (holder, shard) => holder ?? (order[shard]?.find((member) => take(room, member)) as string),
  )
}

/** How many shards each member is to have; the odd ones stay with those who hold most. */
function shares(
  shards: number,
  members: readonly string[],
  holders: ReadonlyMap<number, string>,
): Map<string, number> {
  const held = new Map(members.map((member) => [member, 0]))
  for (const holder of holders.values()) {
    const count = held.get(holder)
    if (count !== undefined) held.set(holder, count + 1)
  }
  const byHeld = [...held].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const share = Math.floor(shards / members.length)
  const odd = shards % members.length
  return new Map(byHeld.map(([member], place) => [member, place < odd ? share + 1 : share]))
}

function take(room: Map<string, number>, member: string): boolean {
  const left = room.get(member) ?? 0
  if (left > 0) room.set(member, left - 1)
  return left > 0
}
