import { roles } from '../../../src/tenancy/roles.ts';
import { tenantSetting } from '../context.ts';
import type { GroupName } from '../groups.ts';
import { identifier, literal } from '../sql.ts';
import { type Material, type Mutation, names } from './mutation.ts';

/** The roles, broken in one way at a time. They belong to the cluster: each is put back before anything else runs. */
export function roleMutations({ database, world }: Material): Mutation[] {
  const { runtime, owner, platform } = roles;
  const inDatabase = `alter role ${runtime} in database ${identifier(database)}`;
  const preset = literal(world.victim.id);
  const mutation = (name: string, sabotage: string, restore: string, group: GroupName, object: string): Mutation => ({
    name,
    sql: [sabotage],
    restore: [restore],
    groups: [group],
    expects: names(object),
  });
  return [
    mutation(
      `${owner} granted to ${runtime}`,
      `grant ${owner} to ${runtime}`,
      `revoke ${owner} from ${runtime}`,
      'roles',
      owner,
    ),
    mutation(
      `pg_read_all_data granted to ${runtime}`,
      `grant pg_read_all_data to ${runtime}`,
      `revoke pg_read_all_data from ${runtime}`,
      'roles',
      'pg_read_all_data',
    ),
    mutation(
      `${runtime} bypasses row-level security`,
      `alter role ${runtime} bypassrls`,
      `alter role ${runtime} nobypassrls`,
      'roles',
      runtime,
    ),
    mutation(
      `${runtime} may replicate`,
      `alter role ${runtime} replication`,
      `alter role ${runtime} noreplication`,
      'lint',
      runtime,
    ),
    mutation(
      `${platform} bypasses row-level security`,
      `alter role ${platform} bypassrls`,
      `alter role ${platform} nobypassrls`,
      'lint',
      platform,
    ),
    mutation(
      'a context that every session starts with',
      `${inDatabase} set ${tenantSetting} = ${preset}`,
      `${inDatabase} reset all`,
      'lint',
      runtime,
    ),
    mutation(
      `${runtime} without a lock time-out`,
      `${inDatabase} set lock_timeout = 0`,
      `${inDatabase} reset all`,
      'roles',
      runtime,
    ),
  ];
}
