export type { ApiServer, ApiServerOptions, ListedRow, Readiness } from './api-server-options.ts'
export { startControlServer } from './control-server.ts'
export type { AnyDeadLetter } from './dead-letters.ts'
