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
