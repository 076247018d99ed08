import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['source', 'import', 'node', 'default'] },
  // These become conditions of Node itself, where `import` would also hold for `require`.
  ssr: { resolve: { conditions: ['source', 'node', 'default'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Tests start processes and engines; two cores carry two files at a time.
    maxWorkers: 2,
    pool: 'forks',
  },
});
