import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,api}/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // What a test waits for comes late on a busy machine, and costs nothing where it comes at once.
    expect: { poll: { timeout: 10_000 } },
    // To import the application again for each file would take longer than most files do. What they share is that process; each has a database of its own.
    isolate: false,
    // One more than there are cores, for some tests wait; not more than the server has connections for.
    maxWorkers: Math.min(availableParallelism() + 1, 6),
  },
});
