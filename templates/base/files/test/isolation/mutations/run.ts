import pg from 'pg';
import { createTestDatabaseOn, type TestDatabase, type TestServer } from '../../setup/database.ts';
import { type Finding, type MutationResult, type Recorder, runGroup, SuiteError } from '../finding.ts';
import { attackAuthority } from '../http/authority.ts';
import { attackResolution } from '../http/resolution.ts';
import { issueCredentials, openStage } from '../http/stage.ts';
import { openOwn } from '../own-database.ts';
import { databaseParts } from '../parts.ts';
import type { Target } from '../target.ts';
import type { World } from '../world.ts';
import { applicationMutations } from './application.ts';
import type { ApplicationMutation, Material, Mutation, Part } from './mutation.ts';
import { policyMutations } from './policies.ts';
import { roleMutations } from './roles.ts';
import { schemaMutations } from './schema.ts';

/** A cluster that the suite started, with a prepared database as its template; nobody is connected to that. */
export interface Ground {
  readonly server: TestServer;
  readonly description: string;
  readonly world: World;
  readonly tables: Material['tables'];
}

type Noticed = Pick<MutationResult, 'caught' | 'by'>;
type Sabotage = { readonly name: string; readonly run: (database: TestDatabase) => Promise<Noticed> };

/** Breaks one defence at a time on a copy of the prepared database, and asks whether the suite notices. */
export async function runMutations(ground: Ground, which: 'policies' | 'all'): Promise<MutationResult[]> {
  const sabotages = plan(ground, which);
  const results: MutationResult[] = [];
  const dropped: Promise<void>[] = [];
  const copied = (): Promise<TestDatabase> => createTestDatabaseOn(ground.server);
  let next = copied();
  for (const [index, { name, run }] of sabotages.entries()) {
    const database = await next;
    // Copied while this one is attacked.
    if (index + 1 < sabotages.length) next = copied();
    next.catch(() => {}); // Thrown where it is awaited.
    const start = performance.now();
    const noticed = await run(database).catch((error: Error): Noticed => ({
      caught: false,
      by: `could not run: ${error.message}`,
    }));
    results.push({ name, ...noticed, milliseconds: Math.round(performance.now() - start) });
    dropped.push(database.drop());
  }
  await Promise.all(dropped);
  return results;
}

function plan(ground: Ground, which: 'policies' | 'all'): Sabotage[] {
  const mutationsOn = (database: string): Mutation[] => {
    const material = { tables: ground.tables, world: ground.world, database };
    if (which === 'policies') return policyMutations(material);
    return [...policyMutations(material), ...schemaMutations(material), ...roleMutations(material)];
  };
  const ofDatabase = mutationsOn('').map(({ name }, index): Sabotage => ({
    name,
    run: (database) =>
      sabotageDatabase(ground, database, mutationsOn(new URL(database.adminUrl).pathname.slice(1))[index] as Mutation),
  }));
  if (which === 'policies') return ofDatabase;
  return [
    ...ofDatabase,
    ...applicationMutations.map((mutation) => ({
      name: mutation.name,
      run: (database: TestDatabase) => sabotageApplication(ground, database, mutation),
    })),
  ];
}

async function sabotageDatabase(
  { description, world }: Ground,
  database: TestDatabase,
  mutation: Mutation,
): Promise<Noticed> {
  let opened: Target | undefined;
  try {
    await execute(database.adminUrl, mutation.sabotage);
    opened = await openOwn(database, description, world);
    const wanted = mutation.tables;
    const target = {
      ...opened,
      tables: opened.tables.filter(({ name }) => wanted === undefined || wanted.includes(name)),
    };
    const others = (Object.keys(databaseParts) as Part[]).filter((part) => !mutation.parts.includes(part));
    for (const part of [...mutation.parts, ...others]) {
      const findings = await findingsOf(part, (recorder) => databaseParts[part](target, recorder));
      const finding = findings.find(mutation.expects);
      if (finding !== undefined) return { caught: true, by: `${part}: ${finding.object}: ${finding.attack}` };
    }
    return { caught: false, by: 'nobody' };
  } finally {
    await opened?.close();
    await execute(database.adminUrl, mutation.restore ?? []);
  }
}

async function sabotageApplication(
  { description, world }: Ground,
  database: TestDatabase,
  mutation: ApplicationMutation,
): Promise<Noticed> {
  await execute(database.adminUrl, mutation.sabotage ?? []);
  const target = await openOwn(database, description, world);
  try {
    const credentials = await issueCredentials(target, database.environment);
    const findings = await findingsOf('http', async (recorder) => {
      const stage = await openStage(target, recorder, database, credentials, mutation.steps?.(target));
      try {
        await attackResolution(stage);
        await attackAuthority(stage);
      } finally {
        await stage.close();
      }
    });
    const finding = findings.find(mutation.expects);
    return finding === undefined
      ? { caught: false, by: 'nobody' }
      : { caught: true, by: `http: ${finding.object}: ${finding.attack}` };
  } finally {
    await target.close();
  }
}

async function findingsOf(name: string, work: (recorder: Recorder) => Promise<void>): Promise<readonly Finding[]> {
  const { findings, stopped } = await runGroup(name, work);
  if (findings.length === 0 && stopped !== undefined) throw new SuiteError(`${name}: ${stopped}`);
  return findings;
}

async function execute(url: string, statements: readonly string[]): Promise<void> {
  if (statements.length === 0) return;
  const admin = new pg.Client({ connectionString: url });
  await admin.connect();
  try {
    for (const statement of statements) await admin.query(statement);
  } finally {
    await admin.end();
  }
}
