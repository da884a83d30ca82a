import { AsyncLocalStorage } from 'node:async_hooks';
import { v7 } from 'uuid';

const source = new AsyncLocalStorage<() => string>();

/** A new id for a row: a UUID of version 7, which grows with time, so that new rows stand together in an index. */
export const newId = (): string => (source.getStore() ?? v7)();

/** Takes ids from another source in everything that work does; for tests that compare two runs. */
export const withIds = <T>(next: () => string, work: () => T): T => source.run(next, work);
