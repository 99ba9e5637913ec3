import { defineConfig } from 'vitest/config';

export default defineConfig({
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: ['{apps,libs,test,scripts,bench}/**/*.test.ts'],
    globalSetup: ['libs/testing/global-setup.ts'],
    testTimeout: 30_000,
    // What is waited for comes when it comes: a busy machine is no fault.
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    // Two cores: more forks than that only fight over the database.
    maxWorkers: 2,
  },
});
