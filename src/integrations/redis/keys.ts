/** What every key begins with, unless another prefix is given. */
export const defaultPrefix = 'aura:'

/**
 * The keys of one workflow's state. The part in braces makes a cluster keep them on one node, which is what lets
 * a script change them together.
 */
export function workflowKeys(
  prefix: string,
  workflowId: string,
): readonly [string, string, string] {
  const tag = `${prefix}{wf:${workflowId}}`
  return [`${tag}:state`, `${tag}:meta`, `${tag}:checkpoints`]
}

/** The keys of a lease: who holds it, and the last token. */
export function leaseKeys(prefix: string, name: string): readonly [string, string] {
  const tag = `${prefix}{lease:${name}}`
  return [`${tag}:holder`, `${tag}:token`]
}

/** The key of a workflow's effects, beside its state. */
export function ledgerKey(prefix: string, workflowId: string): string {
  return `${prefix}{wf:${workflowId}}:ledger`
}

/** The key of a text; each may lie on another node. */
export function blobKey(prefix: string, hash: string): string {
  return `${prefix}{blob:${hash}}`
}

/** The key of a group of records. */
export function groupKey(prefix: string, group: string): string {
  return `${prefix}{group:${group}}`
}

/** The key of the list of groups. */
export function groupsKey(prefix: string): string {
  return `${prefix}{groups}`
}

/** The keys of a catalog, all on one node: the rows of each kind, and the texts. */
export function catalogKeys(prefix: string, kind: string): readonly [string, string] {
  return [`${prefix}{catalog}:${kind}`, `${prefix}{catalog}:texts`]
}

/** The key of a budget. All are on one node, since a call takes from several or from none. */
export function budgetKey(prefix: string, name: string): string {
  return `${prefix}{budget}:total:${name}`
}

/** The key of a charge, beside the budgets. */
export function chargeKey(prefix: string, chargeId: string): string {
  return `${prefix}{budget}:charge:${chargeId}`
}

/** The keys of an installation's placement: who lives, who holds what, the tokens, and how many shards there are. */
export function placementKeys(prefix: string, name: string): readonly string[] {
  const tag = `${prefix}{placement:${name}}`
  return [`${tag}:members`, `${tag}:holders`, `${tag}:tokens`, `${tag}:shards`]
}
