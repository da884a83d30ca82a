import type { TestProject } from 'vitest/node';
import { startPostgres } from '../../scripts/postgres/start.ts';
import { prepareServer, type TestServer } from './database.ts';
import { endRuns } from './runs.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly server: TestServer;
  }
}

/** One PostgreSQL for the whole run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres({ purpose: 'test' });
  console.log(`Tests run on ${postgres.description}.`);
  try {
    project.provide('server', await prepareServer(postgres.adminUrl));
  } catch (error) {
    await postgres.stop();
    throw error;
  }
  return async () => {
    // Any other server goes as a whole.
    if (postgres.kind === 'url') await endRuns(postgres.adminUrl);
    await postgres.stop();
  };
}
