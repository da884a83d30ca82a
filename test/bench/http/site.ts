import { connections, createWorld, type Framework, lanes, type PostgresServer, type World } from '../world.ts';
import { type DataLayer, type Server, startServer } from './server.ts';

/** A tenant and what opens its door. */
export interface Member {
  readonly id: string;
  readonly slug: string;
  readonly credentials: Readonly<Record<Credential, string>>;
  /** Ids of its projects. */
  readonly projects: readonly string[];
}

/** A line of a request's head. */
export type Credential = 'API key' | 'JWT';

/** A database with tenants, and servers of the application on it. */
export interface Site {
  readonly world: World;
  readonly members: readonly Member[];
  readonly start: (layer: DataLayer, environment?: Readonly<Record<string, string>>) => Promise<Server>;
  /** Creates one tenant more, with so many projects. */
  readonly addMember: (slug: string, projects: number) => Promise<Member>;
  readonly close: () => Promise<void>;
}

interface CreatedTenant {
  readonly tenantId: string;
  readonly slug: string;
  readonly apiKey: string;
  readonly token: string;
}

/** So that nothing is refused that a benchmark sends. */
const unlimited = { TENANT_REQUESTS_PER_MINUTE: '100000000', TENANT_CONCURRENT_REQUESTS: '10000' };

export async function createSite(
  postgres: PostgresServer,
  framework: Framework,
  { tenants, projects }: { readonly tenants: number; readonly projects: number },
): Promise<Site> {
  const world = await createWorld(postgres, 'sealed', framework);
  const { application, test, admin } = world;
  const { createTenant } = await application.load<{
    createTenant: (client: unknown, input: object) => Promise<CreatedTenant>;
  }>('src/platform/tenants.ts');
  const platform = new application.pg.Client({ connectionString: test.platformUrl });
  for (const client of [admin, platform]) client.on('error', () => {}); // When the server is stopped first, something else has failed.
  await platform.connect();
  const running: Server[] = [];
  const addMember = async (slug: string, count: number): Promise<Member> => {
    const { tenantId: id, apiKey, token } = await createTenant(platform, { slug, environment: test.environment });
    const { rows } = await admin.query<{ id: string }>(
      `insert into app.projects (tenant_id, id, name, created_at)
      select $1::uuid, gen_random_uuid(), 'Project ' || substr(md5($1::uuid::text || number), 1, 10), now() - number * interval '1 minute'
      from generate_series(1, $2::int) as number returning id`,
      [id, count],
    );
    const credentials = { 'API key': `x-api-key: ${apiKey}`, JWT: `authorization: Bearer ${token}` };
    return { id, slug, credentials, projects: rows.map((row) => row.id) };
  };
  const members: Member[] = [];
  for (let count = 0; count < tenants; count++) members.push(await addMember(`tenant-${count}`, projects));
  await admin.query('vacuum (analyze)');
  await admin.query('checkpoint');
  return {
    world,
    members,
    addMember,
    start: async (layer, environment = {}) => {
      const { dir } = application;
      const { adminUrl } = test;
      const server = await startServer({
        ...{ dir, compiled: await application.compiled(), layer, adminUrl, connections, lanes },
        environment: { ...test.environment, ...unlimited, ...environment },
      });
      running.push(server);
      return server;
    },
    close: async () => {
      for (const server of running) await server.close();
      await platform.end();
      await world.close();
    },
  };
}

/** A whole request without a body. */
export const get = (path: string, credential: string): string =>
  `GET ${path} HTTP/1.1\r\nhost: bench\r\n${credential}\r\n\r\n`;

/** Reads of projects, drawn at random: of each tenant as often as of any other. */
export function itemReads(members: readonly Member[], credential: Credential, count = 2000): string[] {
  return Array.from({ length: count }, () => {
    const { projects, credentials } = any(members);
    return get(`/v1/projects/${any(projects)}`, credentials[credential]);
  });
}

const any = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)] as T;
