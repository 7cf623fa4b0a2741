import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    alias: { 'aura-orchestration': fileURLToPath(new URL('src/index.ts', import.meta.url)) },
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'sim/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    // Processes, not threads: tests open SQLite locks, change signals and start children of their own.
    pool: 'forks',
    maxWorkers: 2,
    // Plain lines and closing counts, the same in a terminal, in a pipe and in CI.
    reporters: [['default', { summary: false }]],
    slowTestThreshold: 1_000,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
})
