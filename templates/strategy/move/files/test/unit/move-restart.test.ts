import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { readConfig } from '../../src/config.ts';
import { createTenant } from '../../src/platform/tenants.ts';
import { runAsTenant, tenantId } from '../../src/tenancy/context.ts';
import type { Database } from '../../src/tenancy/database.ts';
import { defaultStrategy } from '../../src/tenancy/default-strategy.ts';
import type { Watch } from '../../src/tenancy/move/ledger.ts';
import { confirmMove, moveTenant, undoMove } from '../../src/tenancy/move/move.ts';
import { moveOptions } from '../../src/tenancy/move/options.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { prepareServer } from '../setup/database.ts';
import { type OwnCluster, startOwnCluster } from '../setup/own-cluster.ts';
import { makeMovable } from './movable.ts';

let cluster: OwnCluster;
let database: Database;
let carol: { readonly id: ReturnType<typeof tenantId>; readonly slug: string };
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  cluster = await startOwnCluster();
  ({ environment } = await prepareServer(cluster.adminUrl));
  await makeMovable({ adminUrl: environment['DATABASE_ADMIN_URL'] ?? '' });
  const platform = new pg.Client(environment['DATABASE_PLATFORM_URL']);
  await platform.connect();
  carol = { id: tenantId((await createTenant(platform, { slug: 'carol', environment })).tenantId), slug: 'carol' };
  await platform.end();
  if (defaultStrategy !== 'shared-schema') {
    await moveTenant(options(), 'carol', 'shared-schema');
    await confirmMove(options(), 'carol');
  }
  database = await openDatabase(readConfig(environment));
});
afterAll(async () => {
  await database.close();
  await cluster.stop();
});

const options = (watch?: Watch) => ({ ...moveOptions(environment), ...(watch && { watch }) });

/** As a client that tries again when it is told to. */
async function add(name: string): Promise<void> {
  const statement = {
    text: 'insert into app.projects (tenant_id, id, name) values ($1, $2, $3)',
    values: [carol.id, crypto.randomUUID(), name],
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await runAsTenant(carol, () => database.query(statement));
      return;
    } catch (error) {
      if (attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const names = async () =>
  (
    await runAsTenant(carol, () =>
      database.query<{ name: string }>({ text: 'select name from app.projects order by name' }),
    )
  ).rows.map(({ name }) => name);

describe('a server that is started anew in the middle of a move', () => {
  it.each(['place prepared', 'writes noted', 'copied projects', 'fenced and compared', 'switched'])(
    'after the step "%s" loses nothing, and the move goes on',
    async (last) => {
      await add(`before ${last}`);
      const before = await names();
      const restart = async (step: string, noted: boolean) => {
        if (step === last && noted) await cluster.restart();
      };
      await expect(moveTenant(options(restart), 'carol', 'database-per-tenant')).rejects.toThrow();
      await add(`after ${last}`);
      await moveTenant(options(), 'carol', 'database-per-tenant');
      await add(`moved ${last}`);
      expect(await names()).toEqual([...before, `after ${last}`, `moved ${last}`].sort());
      if (last === 'switched') await confirmMove(options(), 'carol');
      else await undoMove(options(), 'carol');
      expect(await names()).toEqual([...before, `after ${last}`, `moved ${last}`].sort());
    },
  );
});
