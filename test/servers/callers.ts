/** The module of agents of an `aura serve` whose shop is in other processes. */
export { callers as default } from './order.ts'
