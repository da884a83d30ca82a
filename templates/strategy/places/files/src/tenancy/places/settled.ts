/**
 * Waits for all that was begun side by side, be it statements that were sent one behind the other in one transaction.
 * Throws the first error: behind it, others fail only because of it.
 */
export async function settled(begun: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(begun)) if (outcome.status === 'rejected') throw outcome.reason;
}
