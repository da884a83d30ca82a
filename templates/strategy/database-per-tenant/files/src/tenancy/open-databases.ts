import type { Database } from './database.ts';

/** A database that is open, and how many use it now. */
export interface Seat {
  readonly tenantId: string;
  readonly pool: string;
  readonly database: Database;
  users: number;
  /** By performance.now(). */
  usedAt: number;
  readonly openedAt: number;
  /** True when it takes no more users: it closes behind the last. */
  leaving: boolean;
}

/** The statements of one tenant that wait for its database. They take one place in the queue, however many they are. */
interface Wanted {
  readonly tenantId: string;
  readonly pool: string;
  readonly open: () => Promise<Database>;
  readonly until: number;
  users: number;
  readonly seated: Promise<Seat>;
  readonly serve: (seat: Seat) => void;
  readonly fail: (error: Error) => void;
}

export interface OpenDatabasesOptions {
  /** Databases that are open at a time, at most; those that open or close count. */
  readonly most: number;
  /** Milliseconds that a statement waits for its database. */
  readonly patience?: number;
  /** Milliseconds after which a database that somebody uses all the time makes room for one that is waited for. */
  readonly turn?: number;
  /** Milliseconds after which one that nobody uses is closed. */
  readonly idle?: number;
}

/** A tenant's database cannot be used now; SQLSTATE class 08, or 53300 when it had to wait too long for its turn. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly code: '08001' | '53300';

  constructor(code: '08001' | '53300', message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The tenants' databases that are open: a bounded number. Who needs another one waits for its turn, first come, first
 * served: the one that nobody used for longest is closed for it, or, when all are in use, the one that was open for
 * longest, as soon as what runs there has ended. Its tenant's next statements wait like everybody's.
 */
export class OpenDatabases {
  readonly #most: number;
  readonly #patience: number;
  readonly #turn: number;
  readonly #idle: number;
  /** By the name of the pool. */
  readonly #seats = new Map<string, Seat>();
  readonly #wanted = new Map<string, Wanted>();
  readonly #queue: Wanted[] = [];
  /** Why one could not be opened, for a while: nobody waits again for what was just tried. */
  readonly #failures = new Map<string, { readonly error: Error; readonly until: number }>();
  /** Open, opening and closing. */
  #held = 0;
  #closing = 0;
  #waited = 0;
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;
  #turnTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor({ most, patience = 10_000, turn = 1000, idle = 60_000 }: OpenDatabasesOptions) {
    this.#most = most;
    this.#patience = patience;
    this.#turn = turn;
    this.#idle = idle;
  }

  get load() {
    return {
      open: this.#seats.size,
      waiting: this.#queue.length,
      waited: this.#waited,
      refused: this.#refused,
    };
  }

  get databases(): Database[] {
    return [...this.#seats.values()].map(({ database }) => database);
  }

  /** One that is open, at once; whoever takes it releases it. */
  take(pool: string): Seat | undefined {
    const seat = this.#seats.get(pool);
    if (seat !== undefined) seat.users += 1;
    return seat;
  }

  /** The same for one that is not open yet. */
  async ask(tenantId: string, pool: string, open: () => Promise<Database>): Promise<Seat> {
    const seat = this.take(pool);
    if (seat !== undefined) return seat;
    const failure = this.#failures.get(pool);
    if (failure !== undefined && failure.until > performance.now()) throw failure.error;
    const wanted = this.#wanted.get(pool) ?? this.#want(tenantId, pool, open);
    wanted.users += 1;
    return await wanted.seated;
  }

  release(seat: Seat): void {
    seat.users -= 1;
    seat.usedAt = performance.now();
    if (seat.users > 0) return;
    if (seat.leaving) void this.#close(seat);
    else if (this.#queue.length > 0) this.#makeRoom();
  }

  /** Closes all of them, each as soon as nobody uses it. Who waits is refused. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#turnTimer);
    for (const wanted of this.#queue.splice(0)) this.#refuse(wanted, 'The database was closed.');
    const seats = [...this.#seats.values()];
    this.#seats.clear();
    await Promise.all(seats.map(({ database }) => database.close()));
  }

  #want(tenantId: string, pool: string, open: () => Promise<Database>): Wanted {
    let serve!: Wanted['serve'];
    let fail!: Wanted['fail'];
    const seated = new Promise<Seat>((resolve, reject) => ([serve, fail] = [resolve, reject]));
    const wanted = { tenantId, pool, open, until: performance.now() + this.#patience, users: 0, seated, serve, fail };
    this.#wanted.set(pool, wanted);
    // Where the tenant was before, it is no more.
    for (const seat of this.#seats.values()) if (seat.tenantId === tenantId) this.#retire(seat);
    this.#timer ??= setInterval(() => this.#tidy(), Math.max(50, Math.min(this.#patience, this.#idle) / 4)).unref();
    if (this.#held < this.#most && this.#queue.length === 0) {
      void this.#open(wanted);
    } else {
      this.#waited += 1;
      this.#queue.push(wanted);
      this.#makeRoom();
    }
    return wanted;
  }

  async #open(wanted: Wanted): Promise<void> {
    const { tenantId, pool } = wanted;
    this.#held += 1;
    const began = performance.now();
    try {
      const database = await wanted.open();
      const now = performance.now();
      const seat = { tenantId, pool, database, users: wanted.users, usedAt: now, openedAt: now, leaving: false };
      this.#wanted.delete(pool);
      this.#failures.delete(pool);
      if (this.#closed) seat.leaving = true;
      else this.#seats.set(pool, seat);
      wanted.serve(seat);
    } catch (error) {
      this.#held -= 1;
      const now = performance.now();
      // As long as it took to find out, so that one that does not answer holds nobody up half of the time.
      this.#failures.set(pool, { error: error as Error, until: now + Math.max(1000, now - began) });
      this.#wanted.delete(pool);
      wanted.fail(error as Error);
    }
    if (this.#queue.length > 0) this.#makeRoom();
  }

  /** Serves who waits, as far as there is room, and begins to make more. */
  #makeRoom(): void {
    while (this.#held < this.#most) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      void this.#open(next);
    }
    while (this.#closing < this.#queue.length) {
      const seat = this.#leastNeeded();
      if (seat === undefined) return;
      this.#retire(seat);
    }
  }

  #leastNeeded(): Seat | undefined {
    const seats = [...this.#seats.values()];
    const idle = seats.filter(({ users }) => users === 0).sort((a, b) => a.usedAt - b.usedAt)[0];
    if (idle !== undefined) return idle;
    const oldest = seats.sort((a, b) => a.openedAt - b.openedAt)[0];
    if (oldest === undefined) return undefined;
    const left = oldest.openedAt + this.#turn - performance.now();
    if (left <= 0) return oldest;
    this.#turnTimer ??= setTimeout(() => {
      this.#turnTimer = undefined;
      this.#makeRoom();
    }, left).unref();
    return undefined;
  }

  #retire(seat: Seat): void {
    this.#seats.delete(seat.pool);
    seat.leaving = true;
    this.#closing += 1;
    if (seat.users === 0) void this.#close(seat);
  }

  async #close(seat: Seat): Promise<void> {
    await seat.database.close().catch(() => {}); // One that is gone is closed.
    this.#closing -= 1;
    this.#held -= 1;
    this.#makeRoom();
  }

  /** Tells those who waited too long, and closes what nobody uses. */
  #tidy(): void {
    const now = performance.now();
    while (this.#queue[0] !== undefined && this.#queue[0].until <= now) {
      this.#refuse(this.#queue.shift() as Wanted, 'All connections to databases of tenants are in use.');
    }
    for (const seat of this.#seats.values())
      if (seat.users === 0 && seat.usedAt + this.#idle <= now) this.#retire(seat);
    for (const [pool, { until }] of this.#failures) if (until <= now) this.#failures.delete(pool);
  }

  #refuse(wanted: Wanted, message: string): void {
    this.#refused += wanted.users;
    this.#wanted.delete(wanted.pool);
    wanted.fail(new DatabaseUnavailable('53300', message));
  }
}
