/**
 * When a request that begins now has to be done with the database, by performance.now(): well before its time-out is
 * answered, so that whoever is told that it took too long may send it again.
 */
export const deadline = (requestTimeoutMs: number): number => performance.now() + (requestTimeoutMs * 2) / 3;
