import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { migrate } from '../../src/platform/migrations.ts';
import { runAsTenant } from '../../src/tenancy/context.ts';
import { openDatabase } from '../../src/tenancy/open.ts';
import { createTwoTenants, subjects } from './two-tenants.ts';

let world: Awaited<ReturnType<typeof createTwoTenants>>;
beforeAll(async () => {
  world = await createTwoTenants();
});
afterAll(() => world.drop());

const newKey = () => `${randomBytes(4).toString('hex')}:${randomBytes(32).toString('hex')}`;
const apply = async (more: Record<string, string>) =>
  await migrate({ adminUrl: world.test.adminUrl, environment: { ...world.test.environment, ...more } });

describe('the keys that seal contexts', () => {
  it('may be retired while servers run that still accept them', async () => {
    const [retired, kept] = [world.test.environment['TENANT_SEAL_KEYS'] ?? '', newKey()];
    await apply({ TENANT_SEAL_KEYS: `${kept},${retired}` });
    const database = await openDatabase(
      readConfig({ ...world.test.environment, TENANT_SEAL_KEYS: `${kept},${retired}` }),
    );
    try {
      await apply({ TENANT_SEAL_KEYS: kept });
      const found = await runAsTenant(world.ada, () => database.read(subjects(world.ada)));
      expect(found.rowCount).toBe(1);
    } finally {
      await database.close();
      await apply({});
    }
  });

  it('seal no passwords: they are in the database', async () => {
    const key = (world.test.environment['TENANT_SEAL_KEYS'] ?? '').split(':')[1];
    const keys = `again:${key},${world.test.environment['TENANT_DATABASE_KEYS']}`;
    await expect(apply({ TENANT_DATABASE_KEYS: keys })).rejects.toThrow(/The key "again" .* is in the database, too/);
  });
});
