import { forgotten, remembered } from '../http/credentials.ts';
import { createSite } from '../http/site.ts';
import type { Group } from '../report.ts';
import { startServer } from '../world.ts';

/** What is remembered of credentials that were verified. */
export const credentials: Group = {
  about: 'what is remembered of credentials: its cost, its bound, and how long one opens doors after its end',
  measure: async () => {
    const postgres = await startServer();
    const site = await createSite(postgres, 'fastify', { tenants: 3, projects: 10 });
    try {
      const figures = [...(await remembered(site)), ...(await forgotten(site))];
      return {
        setting: `${postgres.description}; Fastify, two processes on one database, each asked every 20 ms; seconds from the end of a credential to the last request that it opened the door for`,
        figures,
      };
    } finally {
      await site.close();
      await postgres.stop();
    }
  },
};
