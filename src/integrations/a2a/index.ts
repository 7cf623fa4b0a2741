export { a2aAgent, type A2aAction, type A2aAgentOptions } from './client/a2a-agent.ts'
export { a2aMounts } from './server/a2a-mounts.ts'
export type { ListedExecution, ServedSkill, TaskHost } from './server/task-host.ts'
