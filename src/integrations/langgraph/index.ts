export { AuraCheckpointSaver, type CheckpointSaverOptions } from './checkpoints/checkpoint-saver.ts'
