export { similarity, type Embedder, type Embedding } from './embedder.ts'
export { AiEmbedder, type AiEmbeddingModel } from './embedders/ai-embedder.ts'
export { NeuralEmbedder } from './embedders/neural-embedder.ts'
export { HashedEmbedder } from './embedders/hashed-embedder.ts'
export type { AgentProfile, TaskContext, TaskExample } from './router/agent-profile.ts'
export type {
  AcceptedOutcome,
  RouteCandidate,
  RouteDecision,
  RouteTask,
} from './router/route-decision.ts'
export {
  type RouterOptions,
  SemanticRouter,
  type TrainRouterOptions,
} from './router/semantic-router.ts'
export type { RouteChange, RouteExplanation, WordEvidence } from './router/explanation.ts'
export type { RouteAnswer } from './router/route-answer.ts'
export { RouterService, type RouterServiceOptions } from './router/router-service.ts'
export { RouterAgent } from './router-agent.ts'
