/**
 * Waits for statements that were sent one behind the other in one transaction. Throws the first error: those behind it
 * failed only because of it.
 */
export async function settled(sent: readonly Promise<unknown>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(sent)) if (outcome.status === 'rejected') throw outcome.reason;
}
