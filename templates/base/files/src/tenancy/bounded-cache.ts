/** Remembers what was verified, for a bounded time and up to a bounded number of entries; the least recently used goes first. Times in milliseconds. */
export class BoundedCache<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly until: number }>();
  readonly #lifetime: number;
  readonly #capacity: number;
  #forgotten = 0;

  constructor(options: { readonly lifetime: number; readonly capacity?: number }) {
    this.#lifetime = options.lifetime;
    this.#capacity = options.capacity ?? 10_000;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.until <= Date.now()) return undefined;
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Remembers for the lifetime, or until `expiry` when that is sooner. */
  set(key: string, value: Value, expiry = Number.POSITIVE_INFINITY): void {
    this.#entries.delete(key);
    const until = Math.min(Date.now() + this.#lifetime, expiry);
    if (until <= Date.now()) return;
    this.#entries.set(key, { value, until });
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }

  /**
   * What is remembered, or what `find` answers. That is remembered too, unless something was forgotten meanwhile: the
   * answer may be older than the change.
   */
  async remember(key: string, find: () => Promise<Value>, expiryOf?: (value: Value) => number): Promise<Value> {
    const known = this.get(key);
    if (known !== undefined) return known;
    const before = this.#forgotten;
    const value = await find();
    if (before === this.#forgotten) this.set(key, value, expiryOf?.(value));
    return value;
  }

  /** Forgets every entry that the test names: at once, for what was revoked in this process. */
  forget(test: (value: Value) => boolean): void {
    this.#forgotten += 1;
    for (const [key, { value }] of this.#entries) if (test(value)) this.#entries.delete(key);
  }
}
