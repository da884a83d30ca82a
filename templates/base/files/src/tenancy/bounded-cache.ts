interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/**
 * Remembers what was verified, for a bounded time and up to a bounded number of entries; what was not used for longest
 * goes first. Times in milliseconds.
 */
export class BoundedCache<Value> {
  // In two generations: a Map that an entry is moved to the end of for every use takes a hundred times as long to find
  // it.
  #young = new Map<string, Entry<Value>>();
  #old = new Map<string, Entry<Value>>();
  readonly #lifetime: number;
  readonly #capacity: number;
  #forgotten = 0;

  constructor(options: { readonly lifetime: number; readonly capacity?: number }) {
    this.#lifetime = options.lifetime;
    this.#capacity = options.capacity ?? 10_000;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    const entry = young ?? this.#old.get(key);
    if (entry === undefined || entry.until <= Date.now()) return undefined;
    if (young === undefined) this.#add(key, entry);
    return entry.value;
  }

  /** Remembers for the lifetime, or until `expiry` when that is sooner. */
  set(key: string, value: Value, expiry = Number.POSITIVE_INFINITY): void {
    this.#add(key, { value, until: Math.min(Date.now() + this.#lifetime, expiry) });
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
    for (const generation of [this.#young, this.#old])
      for (const [key, { value }] of generation) if (test(value)) generation.delete(key);
  }

  #add(key: string, entry: Entry<Value>): void {
    this.#young.set(key, entry);
    if (this.#young.size < this.#capacity / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
