import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Hands } from './deeds.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a repository of two strategies has for its administrator. */
interface Repository {
  readonly createTenant: (platform: unknown, given: { slug: string; environment: Environment }) => Promise<unknown>;
  readonly suspendTenant: (platform: unknown, slug: string) => Promise<unknown>;
  readonly resumeTenant: (platform: unknown, slug: string) => Promise<unknown>;
  readonly deleteTenant: (platform: unknown, slug: string) => Promise<unknown>;
  readonly moveOptions: (environment: Environment) => unknown;
  readonly moveTenant: (options: unknown, slug: string, to: string) => Promise<unknown>;
  readonly confirmMove: (options: unknown, slug: string) => Promise<unknown>;
  readonly undoMove: (options: unknown, slug: string) => Promise<unknown>;
  readonly prepareMany: (environment: Environment, ready: number) => Promise<unknown>;
  readonly databaseKeysOf: (environment: Environment) => unknown;
  readonly newPassword: () => string;
  readonly sealPassword: (keys: unknown, site: { tenantId: string; login: string }, password: string) => string;
  readonly execute: (url: string, statements: readonly string[]) => Promise<void>;
  readonly withClient: <T>(url: string, work: (client: unknown) => Promise<T>) => Promise<T>;
}

const modules = [
  'src/platform/tenants.ts',
  'src/tenancy/move/move.ts',
  'src/tenancy/move/options.ts',
  'src/tenancy/places/credentials.ts',
  'src/tenancy/places/ready.ts',
  'test/isolation/session.ts',
  'test/setup/database.ts',
];

/** Works on tenants as the commands of the repository in the current folder do. */
export async function withHands(environment: Environment, work: (hands: Hands) => Promise<void>): Promise<void> {
  const imported = modules.map(async (path): Promise<unknown> => import(pathToFileURL(join(process.cwd(), path)).href));
  const repository = Object.assign({}, ...(await Promise.all(imported))) as Repository;
  const { DATABASE_ADMIN_URL: adminUrl = '', DATABASE_PLATFORM_URL: platformUrl = '' } = environment;
  const moving = repository.moveOptions(environment);
  await repository.withClient(platformUrl, async (platform) => {
    await work({
      create: async (slug) => void (await repository.createTenant(platform, { slug, environment })),
      suspend: async (slug) => void (await repository.suspendTenant(platform, slug)),
      resume: async (slug) => void (await repository.resumeTenant(platform, slug)),
      remove: async (slug) => void (await repository.deleteTenant(platform, slug)),
      move: async (slug, to) => void (await repository.moveTenant(moving, slug, to)),
      confirm: async (slug) => void (await repository.confirmMove(moving, slug)),
      undo: async (slug) => void (await repository.undoMove(moving, slug)),
      prepare: async (ready) => void (await repository.prepareMany(environment, ready)),
      begin: async () => {
        const [tenantId, login] = [randomUUID(), `t_${randomBytes(16).toString('hex')}`];
        const keys = repository.databaseKeysOf(environment);
        const sealed = repository.sealPassword(keys, { tenantId, login }, repository.newPassword());
        await repository.execute(adminUrl, [
          `insert into platform.places (tenant_id, database, login, sealed_password, version)
          select '${tenantId}', '${login}', '${login}', '${sealed}', version from platform.template`,
        ]);
      },
      execute: async (sql) => await repository.execute(adminUrl, [sql]),
    });
  });
}
