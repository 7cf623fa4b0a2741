import { hash } from 'node:crypto'

/**
 * The member that a key belongs to: the one with the highest weight of key and member together. A member that
 * leaves hands its own keys alone to others, and one that joins takes from each its share; nothing else moves.
 * Linear in the members. Undefined without members.
 *
 * Source: D. G. Thaler, C. V. Ravishankar, "Using name-based mappings to increase hit rates", IEEE/ACM
 * Transactions on Networking 6 (1998), highest random weight.
 */
export function rendezvous(key: string, members: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestWeight = ''
  for (const member of members) {
    const weight = weightOf(key, member)
    // Of equal weights, which nobody will see, the smaller name wins, so that the order does not matter.
    if (best !== undefined && (weight < bestWeight || (weight === bestWeight && member > best)))
      continue
    best = member
    bestWeight = weight
  }
  return best
}

/** The members from the highest weight for this key to the lowest: who has it, who would have it without that one, and so on. */
export function rendezvousOrder(key: string, members: Iterable<string>): readonly string[] {
  return [...members]
    .map((member) => ({ member, weight: weightOf(key, member) }))
    .toSorted((a, b) => {
      if (a.weight !== b.weight) return a.weight < b.weight ? 1 : -1
      return a.member < b.member ? -1 : 1
    })
    .map(({ member }) => member)
}

/** 256 bits that are as good as random; the length keeps ('a', 'bc') and ('ab', 'c') apart. */
function weightOf(key: string, member: string): string {
  return hash('sha256', `${key.length}:${key}${member}`, 'hex')
}
