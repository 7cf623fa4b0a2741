export type { ApiServer, ApiServerOptions, Readiness } from './api-server-options.ts'
export { startControlServer } from './control-server.ts'
