import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { issueFirstCredentials } from '../src/platform/first-credentials.ts';
import { type CreatedTenant, createTenant, listTenants } from '../src/platform/tenants.ts';
import { placement } from '../src/tenancy/placement.ts';
import { dataDirectory } from './environment.ts';

/** Two tenants, so that a leak would be visible at once. */
const slugs = ['acme', 'globex'];
const file = join(dataDirectory, 'demo-tenants.json');

/** The demo tenants with credentials that work now; made by the first start. */
export async function demoTenants(environment: Readonly<Record<string, string>>): Promise<CreatedTenant[]> {
  const client = new pg.Client({ connectionString: environment['DATABASE_PLATFORM_URL'] });
  await client.connect();
  try {
    const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as CreatedTenant[]) : [];
    const tenants = await listTenants(client);
    const demo: CreatedTenant[] = [];
    for (const slug of slugs) {
      const tenant = tenants.find((each) => each.slug === slug);
      const before = known.find(({ tenantId }) => tenantId === tenant?.tenantId);
      if (tenant === undefined) demo.push(await createTenant(client, { slug, environment }));
      else if (before !== undefined) demo.push(await renewed(client, before, environment));
    }
    // An API key is shown once; only here, for development, it is kept.
    writeFileSync(file, JSON.stringify(demo, null, 2), { mode: 0o600 });
    return demo;
  } finally {
    await client.end();
  }
}

/** Keys last, tokens do not: a new one at every start. The new key that comes with it is rolled back. */
async function renewed(
  client: pg.Client,
  tenant: CreatedTenant,
  environment: Readonly<Record<string, string>>,
): Promise<CreatedTenant> {
  const { tenantId: id, slug } = tenant;
  await client.query('begin');
  try {
    return await placement.within({ client, environment }, id, async (tenants) => {
      await tenants.query('savepoint before');
      const { token } = await issueFirstCredentials({
        client: tenants,
        controlPlane: client,
        environment,
        tenant: { id, slug },
        owner: `owner@${slug}`,
      });
      await tenants.query('rollback to savepoint before');
      return { ...tenant, token };
    });
  } finally {
    await client.query('rollback');
  }
}
