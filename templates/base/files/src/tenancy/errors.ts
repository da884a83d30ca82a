export type TenancyErrorCode =
  /** Data was asked for outside runAsTenant(). */
  | 'no-tenant'
  /** Not a lower-case UUID, or the nil UUID. */
  | 'bad-tenant-id'
  /** Another tenant was entered while a transaction of this one is open. */
  | 'other-tenant'
  /** query() or transaction() inside a transaction. */
  | 'inside-transaction'
  /** A transaction was used after its end, or lost to a statement that ended it. */
  | 'transaction-over'
  /** A statement of the transaction failed, so its commit would have been a rollback. */
  | 'transaction-aborted'
  /** The deadline of runAsTenant() has passed. */
  | 'out-of-time'
  /** A statement that does not read or write rows. */
  | 'forbidden-statement'
  /**
   * A statement that needs something this connection does not have: a stream outside a transaction, a join that cannot
   * be filtered.
   */
  | 'unsupported'
  /** This clock and the database's are too far apart for what expires to be worth anything. */
  | 'clock'
  /** The environment names no usable secret for the tenant context. */
  | 'context-secrets'
  /** The database would not isolate tenants. */
  | 'unsafe-database'
  /** The tenant is on its way to another place. */
  | 'moved'
  /** The database object was closed. */
  | 'closed';

/** A use of tenancy that would not be safe. The message says what happened and what to do next. */
export class TenancyError extends Error {
  override readonly name = 'TenancyError';
  readonly code: TenancyErrorCode;

  constructor(code: TenancyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
