/** Roles of the repository that is generated. */
export const [owner, migrator, resolver] = ['owner', 'migrator', 'resolver'].map((role) => `acme_app_${role}`);
/** The condition of every policy by tenant. */
export const own = 'tenant_id = (select app.tenant_id())';

/** Roles belong to the cluster, and every copy of the database is changed in the same way. */
export const createRole = (role: string): string =>
  `do $$ begin create role ${role} login; exception when duplicate_object then null; end $$`;

/** Statements that changes are made of, for tables that serve a role. */
export function statementsFor(runtime: string) {
  /** What every tenant table has. */
  const guards = (table: string): string[] => [
    `alter table ${table} owner to ${owner}`,
    `alter table ${table} enable row level security, force row level security`,
    `create policy tenant_floor on ${table} as restrictive for all to ${runtime} using (${own}) with check (${own})`,
    `create policy tenant_allow on ${table} for all to ${runtime} using (${own}) with check (${own})`,
    `create policy tenant_migrate on ${table} for all to ${migrator} using (true) with check (true)`,
    `grant select, insert, update, delete on ${table} to ${runtime}`,
  ];

  /** One policy for each command, in place of one for all. */
  const byCommand = (name: string, kind: 'permissive' | 'restrictive'): string[] =>
    Object.entries({
      delete: `using (${own})`,
      select: `using (${own})`,
      insert: `with check (${own})`,
      update: `using (${own}) with check (${own})`,
    }).map(
      ([command, condition]) =>
        `create policy ${kind}_${command} on ${name} as ${kind} for ${command} to ${runtime} ${condition}`,
    );

  const table = (name: string, columns: string, rest = ''): string[] => [
    `create table app.${name} (tenant_id uuid not null, id uuid not null, ${columns}, primary key (tenant_id, id)${rest})`,
    ...guards(`app.${name}`),
  ];

  /** A function of the resolver's that counts, under a condition on `wanted`. */
  const answering = (call: string, condition: string): string[] => [
    `create policy search_read on app.projects for select to ${resolver} using (true)`,
    `grant select on app.projects to ${resolver}`,
    `create function app.${call} returns bigint language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$ begin return (select count(*) from app.projects p where p.tenant_id = wanted and ${condition}); end $$`,
    `do $$ begin execute (select format('alter function %1$s owner to ${resolver}; revoke execute on function %1$s from public; grant execute on function %1$s to ${runtime}', oid::regprocedure) from pg_proc where proname = '${call.replace(/\(.*/, '')}'); end $$`,
  ];

  return { guards, byCommand, table, answering };
}
