export { similarity, type Embedder, type Embedding } from './embedder.ts'
export { HashedEmbedder } from './embedders/hashed-embedder.ts'
