/** Under this key of a request's `_meta` a server finds the idempotency key of the call. */
export const idempotencyKeyMeta = 'aura-orchestration/idempotency-key'
