import { isDeepStrictEqual } from 'node:util';
import { compare, explain } from '../test/isolation/decisions/compare.ts';
import { readTenancy, writeTenancy } from '../test/isolation/decisions/file.ts';
import { readFound } from '../test/isolation/decisions/found.ts';
import { renew } from '../test/isolation/decisions/renew.ts';
import { prepareServer, withClient } from '../test/setup/database.ts';
import { templateUrl } from '../test/setup/places.ts';
import { endRuns } from '../test/setup/runs.ts';
import { parseNothing, runScript } from './arguments.ts';
import { startPostgres } from './postgres/start.ts';

/** Runs the migrations on a PostgreSQL of its own and writes what they make to db/tenancy.json; whoever reviews the difference decides. */
async function main(): Promise<number> {
  const postgres = await startPostgres({ purpose: 'test' });
  try {
    const server = await prepareServer(postgres.adminUrl);
    const template = Object.assign(new URL(server.adminUrl), { pathname: `/${server.template}` }).href;
    const found = await withClient(await templateUrl(template), readFound);
    if (postgres.kind === 'url') await endRuns(postgres.adminUrl);
    const reviewed = await readTenancy();
    const tenancy = renew(reviewed, found);
    await writeTenancy(tenancy);
    const open = compare(tenancy, found);
    if (open.length > 0) {
      console.log(`${explain(open)}\n\ndb/tenancy.json is written; this is left, for a person to settle.`);
    } else if (isDeepStrictEqual(tenancy, reviewed)) {
      console.log('db/tenancy.json says it already: the migrations make nothing else.');
    } else {
      console.log('db/tenancy.json is up to date. Next: commit it, and let somebody read what changed.');
    }
    return open.length === 0 ? 0 : 1;
  } finally {
    await postgres.stop();
  }
}

process.exitCode = await runScript('usage: npm run db:decisions', parseNothing, main).catch((error: Error) => {
  console.error(`db/tenancy.json was left as it is: ${error.message}`);
  return 1;
});
