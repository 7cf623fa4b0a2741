export { a2aAgent, type A2aAction, type A2aAgentOptions } from './client/a2a-agent.ts'
