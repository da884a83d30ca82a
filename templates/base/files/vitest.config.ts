import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,api}/**/*.test.ts'],
    globalSetup: ['test/setup/global.ts'],
    // What comes late on a busy machine comes all the same; only what hangs is ended.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    // To import the application again for each file would take longer than most files do. What they share is that process; each has a database of its own.
    isolate: false,
    // One more than there are cores, for some tests wait; six need more connections than the 100 that a server has.
    maxWorkers: Math.min(availableParallelism() + 1, 4),
  },
});
