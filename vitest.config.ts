import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^aura-orchestration$/, replacement: pathOf('src/index.ts') },
      {
        find: /^aura-orchestration\/(langgraph|mcp|a2a)$/,
        replacement: pathOf('src/integrations/$1/index.ts'),
      },
      {
        find: /^aura-orchestration\/redis$/,
        replacement: pathOf('src/integrations/redis/index.ts'),
      },
      { find: /^aura-orchestration\/testing$/, replacement: pathOf('src/testing/index.ts') },
    ],
  },
  test: {
    include: ['{src,test,sim,bench,eval}/**/*.test.ts'],
    exclude: ['dist/**', 'node_modules/**'],
    // Processes, not threads: tests open SQLite locks, change signals and start children of their own.
    pool: 'forks',
    maxWorkers: 2,
    // Plain lines and closing counts, the same in a terminal, in a pipe and in CI.
    reporters: [['default', { summary: false }]],
    slowTestThreshold: 1_000,
    // Tests start hundreds of processes of the product: parsed and type-stripped code is kept for the next one.
    env: { NODE_COMPILE_CACHE: pathOf('node_modules/.cache/compiled') },
    // A hang, also on a machine that is busy with something else.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
