import pg from 'pg';
import { type CreatedTenant, createTenant } from '../../src/platform/tenants.ts';

/** Creates a tenant with its first member and credentials, as `npm run tenant -- create` does. */
export async function newTenant(environment: Readonly<Record<string, string>>, slug: string): Promise<CreatedTenant> {
  const client = new pg.Client({ connectionString: environment['DATABASE_PLATFORM_URL'] });
  await client.connect();
  try {
    return await createTenant(client, { slug, environment });
  } finally {
    await client.end();
  }
}
