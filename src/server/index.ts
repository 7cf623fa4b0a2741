export { startControlServer } from './control-server.ts'
export type { ControlServer, ControlServerOptions } from './control-server.ts'
export { steer } from './control-routes.ts'
export type { SteerAnswer } from './control-routes.ts'
