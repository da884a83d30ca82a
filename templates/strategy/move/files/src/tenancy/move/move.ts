import type pg from 'pg';
import { counted } from '../../counted.ts';
import { inTransaction } from '../../platform/in-transaction.ts';
import { projectName } from '../roles.ts';
import { isCaptured, startCapture, stopCapture } from './capture.ts';
import { copyTable } from './copy.ts';
import { MoveDoubt } from './doubt.ts';
import type { Keeper } from './keepers.ts';
import { beginMove, type Ledger, type Move, openLedger, openMoves, stateOf, type Watch } from './ledger.ts';
import { connectTo, type Place } from './place.ts';
import { catchUp, type End, switchPlace } from './switch.ts';
import { checksum, type MovingTable, movingTables } from './tables.ts';

/** What a move works with. */
export interface MoveOptions {
  /** The control plane's own database. */
  readonly controlPlane: Place;
  /** Who makes, finds and gives up places, by strategy. */
  readonly keepers: Readonly<Record<string, Keeper>>;
  readonly watch?: Watch;
}

export interface Moved {
  readonly slug: string;
  readonly source: string;
  readonly target: string;
  /** Milliseconds that writers were held up, at most. */
  readonly heldUp: number;
}

/** Moves a tenant that is in use. Whatever speaks against it before the switch leaves it where it is. */
export async function moveTenant(options: MoveOptions, slug: string, target: string): Promise<Moved> {
  keeperOf(options, target);
  return await withTenant(options, slug, async (control, tenant) => {
    if (tenant.status === 'deleted')
      throw new MoveDoubt(`"${slug}" has been deleted. Next: npm run tenant -- resume ${slug}`);
    const [open] = await openMoves(control, slug);
    if (open !== undefined && open.target !== target) throw unfinished(open);
    if (open !== undefined && open.state !== 'copying') {
      const left = await finish(options, control, open);
      if (left !== 'moved')
        throw new MoveDoubt(`The last move of "${slug}" had to be finished first. Next: run the same again.`);
      return { slug, source: open.source, target, heldUp: 0 };
    }
    if (open === undefined) {
      if (tenant.strategy === target) throw new MoveDoubt(`"${slug}" is there already.`);
      await beginMove(control, { tenantId: tenant.id, source: tenant.strategy, target });
    }
    const [move] = await openMoves(control, slug);
    if (move === undefined) throw new Error('The move was not noted.');
    const ledger = openLedger(control, move, options.watch ?? (() => {}));
    // What a run left that was cut off: its snapshot is gone, so that it begins anew.
    if (open !== undefined) await leave(options, ledger, 'target');
    try {
      return { slug, source: move.source, target, heldUp: await carryOut(options, ledger) };
    } catch (error) {
      await backOut(options, ledger, error as Error);
      throw error;
    }
  });
}

/** Takes a tenant back to where it came from, with what was written since. */
export async function undoMove(options: MoveOptions, slug: string): Promise<Moved> {
  return await withTenant(options, slug, async (control) => {
    const [move] = await openMoves(control, slug);
    if (move === undefined)
      throw new MoveDoubt(`"${slug}" has no move to undo. Next: npm run tenant -- move ${slug} --to <strategy>`);
    const { source, target } = move;
    const ledger = openLedger(control, move, options.watch ?? (() => {}));
    if (move.state === 'confirming') throw unfinished(move);
    let heldUp = 0;
    if (move.state === 'copying') await ledger.advance('copying', 'undoing', 'given up');
    if (move.state === 'moved') heldUp = await goBack(options, ledger);
    await finish(options, control, { ...move, state: 'undoing' });
    return { slug, source: target, target: source, heldUp };
  });
}

/** Erases what the old place has of a tenant that was moved: from then on it cannot be undone. */
export async function confirmMove(options: MoveOptions, slug: string): Promise<Move> {
  return await withTenant(options, slug, async (control) => {
    const [move] = await openMoves(control, slug);
    if (move === undefined) throw new MoveDoubt(`"${slug}" has no move to confirm.`);
    if (move.state === 'copying' || move.state === 'undoing') throw unfinished(move);
    const ledger = openLedger(control, move, options.watch ?? (() => {}));
    if (move.state === 'moved') await ledger.advance('moved', 'confirming', 'confirmed');
    await finish(options, control, { ...move, state: 'confirming' });
    return move;
  });
}

/** From the first look at the tables to the switch. Returns for how many milliseconds writers were held up. */
async function carryOut(options: MoveOptions, ledger: Ledger): Promise<number> {
  const { move } = ledger;
  const { tenantId } = move;
  await keeperOf(options, move.target).prepare(tenantId);
  await ledger.note('place prepared');
  return await withEnds(options, move, async ({ source, target }) => {
    if (source === undefined || target === undefined) throw new MoveDoubt('One of the two places is not there.');
    const tables = await movingTables(source.client, target.client);
    await startCapture(source.client, tables, tenantId);
    await ledger.note('writes noted');
    await inTransaction(source.client, 'begin isolation level repeatable read read only', () =>
      copyAll(ledger, source, target, tables),
    );
    await ledger.note('caught up', `${await catchUp(source, target, tables, tenantId)} changes`);
    await startCapture(target.client, tables, tenantId);
    await ledger.note('writes at the target noted');
    return await switchPlace(ledger, source, target, tables, ['copying', 'moved']);
  });
}

async function copyAll(ledger: Ledger, source: End, target: End, tables: readonly MovingTable[]): Promise<void> {
  const { tenantId } = ledger.move;
  for (const table of tables) {
    const rows = await copyTable(source.client, target.client, table, tenantId);
    const [original, copy] = await Promise.all([
      checksum(source.client, table, tenantId),
      checksum(target.client, table, tenantId),
    ]);
    if (original !== copy) throw new MoveDoubt(`${table.name} was not copied as it is.`);
    await ledger.note(`copied ${table.relation}`, counted(rows, 'row'));
  }
}

async function goBack(options: MoveOptions, ledger: Ledger): Promise<number> {
  const { move } = ledger;
  return await withEnds(options, move, async ({ source, target }) => {
    if (source === undefined || target === undefined) throw new MoveDoubt('One of the two places is not there.');
    // As somebody left it who was cut off right before the switch.
    await open(target, move.tenantId);
    try {
      const tables = await movingTables(target.client, source.client);
      if (!(await isCaptured(target.client, tables, move.tenantId))) {
        throw new MoveDoubt(`Tables were added since "${move.slug}" was moved. Next: --confirm it, then move it back.`);
      }
      await ledger.note('caught up', `${await catchUp(target, source, tables, move.tenantId)} changes`);
      return await switchPlace(ledger, target, source, tables, ['moved', 'undoing']);
    } catch (error) {
      if ((await stateOf(ledger.client, move.id)) === 'moved') await open(target, move.tenantId);
      throw error;
    }
  });
}

/** Ends what is only waiting for that: one of the places loses the tenant. Returns where the move is then. */
async function finish(options: MoveOptions, control: pg.Client, move: Move): Promise<Move['state']> {
  const ledger = openLedger(control, move, options.watch ?? (() => {}));
  if (move.state === 'confirming') {
    await leave(options, ledger, 'source');
    await ledger.advance('confirming', 'confirmed', 'source erased');
    return 'confirmed';
  }
  if (move.state === 'undoing') {
    await leave(options, ledger, 'target');
    await ledger.advance('undoing', 'undone', 'target erased');
    return 'undone';
  }
  return move.state;
}

/** After a doubt the tenant is where it was. When the control plane cannot be asked any more, the next run does this. */
async function backOut(options: MoveOptions, ledger: Ledger, reason: Error): Promise<void> {
  const { client, move } = ledger;
  const state = await stateOf(client, move.id).catch(() => undefined);
  if (state !== 'copying') return;
  await ledger.note('gave up', reason.message);
  await ledger.advance('copying', 'undoing', 'given up');
  await finish(options, client, { ...move, state: 'undoing' });
}

/** Lets a tenant live in one place without a trace of the move, and erases it from the other. */
async function leave(options: MoveOptions, ledger: Ledger, leaving: 'source' | 'target'): Promise<void> {
  const { move } = ledger;
  const { tenantId } = move;
  await withEnds(options, move, async (ends) => {
    const [stays, leaves] = leaving === 'target' ? [ends.source, ends.target] : [ends.target, ends.source];
    if (stays !== undefined) {
      await open(stays, tenantId);
      await stopCapture(stays.client, tenantId);
      await stays.client.query('delete from platform.departures where tenant_id = $1', [tenantId]);
    }
    if (leaves !== undefined) {
      await leaves.client.query(
        `insert into platform.departures (tenant_id, departed) values ($1, true)
        on conflict (tenant_id) do update set departed = true`,
        [tenantId],
      );
      await stopCapture(leaves.client, tenantId);
    }
  });
  await ledger.note('writes not noted any more');
  await keeperOf(options, move[leaving]).discard(tenantId);
}

/** Each place of a move; undefined when it is not there any more. */
interface Ends {
  readonly source: End | undefined;
  readonly target: End | undefined;
}

async function open({ client }: End, tenantId: string): Promise<void> {
  await client.query('update platform.departures set departed = false where tenant_id = $1 and departed', [tenantId]);
}

function keeperOf({ keepers }: Pick<MoveOptions, 'keepers'>, strategy: string): Keeper {
  const keeper = Object.hasOwn(keepers, strategy) ? keepers[strategy] : undefined;
  if (keeper === undefined) {
    throw new MoveDoubt(
      `There is no strategy "${strategy}" here. Next: --to ${Object.keys(keepers).join(' or --to ')}`,
    );
  }
  return keeper;
}

/** Connects to both places of a move. */
async function withEnds<T>(options: MoveOptions, move: Move, work: (ends: Ends) => Promise<T>): Promise<T> {
  const connected: pg.Client[] = [];
  const connect = async (strategy: string): Promise<End | undefined> => {
    const place = await keeperOf(options, strategy).find(move.tenantId);
    if (place === undefined) return undefined;
    const client = await connectTo(place);
    connected.push(client);
    return { client, strategy, isControlPlane: place.isControlPlane };
  };
  try {
    return await work({ source: await connect(move.source), target: await connect(move.target) });
  } finally {
    await Promise.all(connected.map((client) => client.end()));
  }
}

interface PlacedTenant {
  readonly id: string;
  readonly status: string;
  readonly strategy: string;
}

/** Works on a tenant alone: nobody else moves it, and no migration runs, for as long as the connection lives. */
async function withTenant<T>(
  { controlPlane }: MoveOptions,
  slug: string,
  work: (control: pg.Client, tenant: PlacedTenant) => Promise<T>,
): Promise<T> {
  const control = await connectTo(controlPlane);
  try {
    const { rows } = await control.query<PlacedTenant>(
      `select id, status, strategy from platform.tenants join platform.placements on tenant_id = id where slug = $1`,
      [slug],
    );
    const [tenant] = rows;
    if (tenant === undefined) throw new MoveDoubt(`There is no tenant "${slug}". Next: npm run tenant -- list`);
    await lock(
      control,
      'pg_try_advisory_lock',
      `${projectName} moves ${tenant.id}`,
      `"${slug}" is being moved by another run.`,
    );
    await lock(control, 'pg_try_advisory_lock_shared', `${projectName} migrations`, 'Migrations are running.');
    return await work(control, tenant);
  } finally {
    await control.end();
  }
}

async function lock(control: pg.Client, how: string, key: string, taken: string): Promise<void> {
  const { rows } = await control.query<{ free: boolean }>(`select ${how}(hashtextextended($1, 0)) as free`, [key]);
  if (rows[0]?.free !== true) throw new MoveDoubt(`${taken} Next: wait for it, then run the same again.`);
}

function unfinished({ slug, source, target, state }: Move): MoveDoubt {
  const next = {
    copying: `move ${slug} --to ${target}, or --undo`,
    moved: `move ${slug} --confirm or --undo`,
    confirming: `move ${slug} --confirm`,
    undoing: `move ${slug} --undo`,
    confirmed: `list`,
    undone: `list`,
  }[state];
  return new MoveDoubt(`A move of "${slug}" from ${source} to ${target} is not over. Next: npm run tenant -- ${next}`);
}
