import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { renewCredentials } from '../src/platform/first-credentials.ts';
import { type CreatedTenant, createTenant, listTenants } from '../src/platform/tenants.ts';
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
      else if (before !== undefined) {
        // Keys last, tokens do not: a new one at every start.
        const owner = { environment, tenant: { id: tenant.tenantId, slug }, owner: `owner@${slug}` };
        demo.push({ ...before, ...(await renewCredentials(owner)) });
      }
    }
    // An API key is shown once; only here, for development, it is kept.
    writeFileSync(file, JSON.stringify(demo, null, 2), { mode: 0o600 });
    return demo;
  } finally {
    await client.end();
  }
}
