import { randomUUID } from 'node:crypto';
import { createLog } from '../../../src/log.ts';
import type { ApplicationSteps } from '../../../src/steps.ts';
import { sources } from '../../../src/tenancy/sources.ts';
import { startApplication } from '../../setup/application.ts';
import { credentialKinds, type BadCredential, type CredentialKind, type Issuing } from '../credentials.ts';
import { type Mode, type Recorder, SuiteError, type Topic } from '../finding.ts';
import { namingKinds, type Probe } from '../naming.ts';
import type { Values } from '../sql.ts';
import type { Target } from '../target.ts';
import { checksum, mayHold, type Tenant } from '../world.ts';
import { type Answer, type Call, type Caller, createCaller, type Headers } from './client.ts';
import { readRoutes, type Route } from './routes.ts';

/** An id of a tenant's row. */
export interface RowId {
  readonly table: string;
  readonly id: string;
  /** What the row says beside it: ids that belong together in a path. */
  readonly row?: Values;
}

/** The application, running, and everything that an attacker brings along. */
export interface Stage {
  readonly target: Target;
  readonly recorder: Recorder;
  readonly mode: Mode;
  readonly issuing: Issuing;
  readonly routes: readonly Route[];
  /** Headers of genuine credentials of owners, by kind. */
  readonly attacker: ReadonlyMap<CredentialKind, Headers>;
  readonly victim: ReadonlyMap<CredentialKind, Headers>;
  readonly bystander: ReadonlyMap<CredentialKind, Headers>;
  /** Of a tenant that was moved; none where nobody was. */
  readonly moved: ReadonlyMap<CredentialKind, Headers>;
  readonly bad: ReadonlyMap<CredentialKind, readonly BadCredential[]>;
  /** Genuine credentials of tenants that were shut out. */
  readonly shut: readonly { readonly name: string; readonly headers: Headers }[];
  /** What names a tenant without proving anything, tried. */
  readonly probes: readonly Probe[];
  /** The first kind's credential of the attacker. */
  readonly own: Headers;
  readonly ids: { readonly attacker: readonly RowId[]; readonly victim: readonly RowId[] };
  /** Sends, counts, and looks for anything of the victim in the answer. `fresh` asks an application that remembers no credential. */
  readonly call: (
    threat: Topic,
    call: Call,
    attack: string,
    options?: { readonly fresh?: boolean; readonly watch?: boolean },
  ) => Promise<Answer>;
  /** Sends, and hangs up before the answer. */
  readonly hangUp: (call: Call) => Promise<void>;
  /** How many requests were sent. */
  readonly sent: () => number;
  /** Counts in bodies, so that each is another one. */
  readonly next: () => number;
  /** Every line that the application logged. */
  readonly log: readonly string[];
  /** Attacks for the end, which put ids of the victim among the attacker's rows. */
  readonly putOff: ((stage: Stage) => Promise<void>)[];
  /** Hashes of what the victim had before the attacker's requests, by table. */
  readonly victimBefore: Map<string, string>;
}

/** Everybody's credentials. */
export type Credentials = Pick<
  Stage,
  'issuing' | 'attacker' | 'victim' | 'bystander' | 'moved' | 'bad' | 'shut' | 'probes'
>;

/** Makes the credentials; before the victim's rows are counted. */
export async function issueCredentials({ world }: Pick<Target, 'world'>, issuing: Issuing): Promise<Credentials> {
  // The same person is a member of several tenants: that must not make two tenants one. A credential that names no tenant
  // is everywhere its person's own, so there it is somebody else in each.
  const person = `consultant ${randomUUID()}`;
  const owners = async (tenant: Tenant): Promise<Map<CredentialKind, Headers>> => {
    const issued = new Map<CredentialKind, Headers>();
    for (const kind of credentialKinds) {
      // Where two tenants cannot have one person, that is a finding of the matrix; here it is somebody else.
      const more = sources.includes(kind.resolver) ? { person } : {};
      const shared = kind.issue(issuing, tenant, 'owner', more);
      issued.set(kind, await shared.catch(() => kind.issue(issuing, tenant, 'owner')));
    }
    return issued;
  };
  const bad = new Map<CredentialKind, readonly BadCredential[]>();
  for (const kind of credentialKinds) bad.set(kind, await kind.bad(issuing, world.attacker, world.victim));
  const shut = [];
  for (const tenant of world.shut) {
    for (const kind of credentialKinds)
      shut.push({
        name: `the ${kind.name} of ${tenant.slug}, which is shut out`,
        headers: await kind.issue(issuing, tenant, 'owner'),
      });
  }
  const { attacker, victim, bystander = attacker } = world;
  const attackers = await owners(attacker);
  const probes = [];
  for (const kind of namingKinds) probes.push(...(await kind.probes(issuing, world, attackers)));
  return {
    issuing,
    shut,
    probes,
    attacker: attackers,
    victim: await owners(victim),
    bystander: await owners(bystander),
    moved: world.moved === undefined ? new Map() : await owners(world.moved.attacker),
    bad,
  };
}

/** The application, running; each group has its own view of it. */
export interface Application {
  readonly routes: readonly Route[];
  readonly stageFor: (recorder: Recorder) => Stage;
  readonly close: () => Promise<void>;
}

/** Starts the application, also once with nothing remembered, and reads its routes from its own document. */
export async function openApplication(
  target: Target,
  environment: Issuing['environment'],
  credentials: Credentials,
  steps: ApplicationSteps,
  mode: Mode,
): Promise<Application> {
  const log: string[] = [];
  const options = { log: createLog({ level: 'info' }, { write: (line) => void log.push(line) }), steps };
  const application = await startApplication(environment, options);
  const fresh = await startApplication({ ...environment, CREDENTIAL_CACHE_SECONDS: '0' }, options);
  const callers = { kept: createCaller(application.url), fresh: createCaller(fresh.url) };
  let sent = 0;
  let n = 0;
  const send = async (
    recorder: Recorder,
    caller: Caller,
    threat: Topic,
    call: Call,
    attack: string,
    watch: boolean,
  ): Promise<Answer> => {
    sent += 1;
    recorder.check(threat);
    const answer = await caller.send(call);
    if (watch) inspect(target, recorder, threat, call, attack, answer);
    return answer;
  };
  const { victim } = target.world;
  const document = await callers.kept.send({ method: 'GET', path: '/openapi.json' });
  const ids = { attacker: rowIds(target, target.world.attacker), victim: rowIds(target, victim) };
  const routes = readRoutes(document.body, ids.attacker);
  if (routes.length === 0) throw new SuiteError('/openapi.json describes no route');
  const [own] = credentials.attacker.values();
  const shared = {
    ...credentials,
    target,
    mode,
    routes,
    own: own ?? {},
    ids,
    hangUp: async (call: Call) => {
      sent += 1;
      await callers.kept.hangUp(call);
    },
    sent: () => sent,
    next: () => (n += 1),
    log,
    putOff: [],
    victimBefore: await checksum(await credentials.issuing.adminOf(victim.id), target.catalog, victim.id),
  };
  return {
    routes,
    stageFor: (recorder) => ({
      ...shared,
      recorder,
      call: (threat, call, attack, { fresh: useFresh = false, watch = true } = {}) =>
        send(recorder, useFresh ? callers.fresh : callers.kept, threat, call, attack, watch),
    }),
    close: async () => {
      callers.kept.close();
      callers.fresh.close();
      await application.close();
      await fresh.close();
    },
  };
}

/** Text that only a database writes, and no client has a use for. */
const databaseText =
  /SQLSTATE|violates|duplicate key|pg_catalog|row-level security|relation \\?"|constraint \\?"|syntax error at|\bTN00\d\b/;

/** Most refusals come before the database is asked: those of the resolution, of who asks, and of the validation, which names fields. */
function mayBeOfDatabase({ status, body }: Answer): boolean {
  if (status === 422) return typeof body === 'object' && body !== null && !('errors' in body);
  return status === 409 || status >= 500;
}

/** No answer to the attacker holds anything of the victim, nor what the database said. */
function inspect(
  { detector }: Target,
  recorder: Recorder,
  threat: Topic,
  call: Call,
  attack: string,
  answer: Answer,
): void {
  const said = JSON.stringify([call.path, decodeURIComponent(call.path), call.headers, call.body]);
  const leak = detector.inText(answer.text, said);
  if (leak !== undefined)
    report(
      recorder,
      call,
      threat === 'control' ? 'L4' : threat,
      attack,
      `answers ${answer.status} with ${leak}`,
      'Ask for rows through the tenant connection only; it adds the tenant to every query.',
    );
  if (answer.status < 400) return;
  if (mayBeOfDatabase(answer)) recorder.check('D6');
  if (databaseText.test(answer.text)) {
    report(
      recorder,
      call,
      'D6',
      attack,
      `answers with what the database said: ${answer.text.slice(-200)}`,
      'src/http/errors.ts: answer with a problem document that the database did not write.',
    );
  }
}

/** A finding about a route. */
export function report(
  recorder: Recorder,
  call: Call,
  threat: Topic,
  attack: string,
  leaked: string,
  fix: string,
  route?: Route,
): void {
  const headers = Object.entries(call.headers ?? {})
    .flatMap(([name, value]) => [value].flat().map((each) => ` -H '${name}: ${each}'`))
    .join('');
  const body = call.body === undefined ? '' : ` -H 'content-type: application/json' -d '${JSON.stringify(call.body)}'`;
  const path = call.path.split('?')[0]?.replace(/\/[0-9a-f]{8}-[0-9a-f-]{27}/g, '/{id}');
  recorder.find({
    threat,
    object: route?.name ?? `${call.method} ${path}`,
    attack,
    leaked,
    reproduce: `curl -sS -i -X ${call.method} "$URL${call.path}"${headers}${body}`,
    fix,
  });
}

/** Ids of a tenant's rows, by table. */
export function rowIds({ tables }: Pick<Target, 'tables'>, tenant: Tenant): RowId[] {
  return tables.flatMap((table) => {
    const column = table.uniques.find(({ primary }) => primary)?.columns.find((each) => each !== 'tenant_id');
    if (column === undefined || table.parent !== null || !mayHold(table.schema, tenant)) return [];
    return (tenant.rows.get(table.name) ?? []).flatMap((row) =>
      row[column] ? [{ table: table.name, id: row[column], row }] : [],
    );
  });
}
