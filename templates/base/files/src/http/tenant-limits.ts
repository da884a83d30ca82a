import type { ServerResponse } from 'node:http';
import type { Tenant, TenantLimits } from '../tenancy/resolve.ts';
import { Problem } from './problem.ts';
import { createTurns } from './turns.ts';
import type { WindowCounter } from './window-counter.ts';

/** A request that may run. */
export interface Admission {
  /** Tells the client where it stands: RateLimit and RateLimit-Policy, draft-ietf-httpapi-ratelimit-headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

/** Keeps one tenant from using up what all of them share. */
export interface LimitedTenants {
  /**
   * Waits for the tenant's turn. Throws a 429 when it has no request left in this minute, or too many whose responses
   * have not ended.
   */
  readonly admit: (tenant: Tenant, response: ServerResponse) => Promise<Admission>;
}

export const rateWindowMs = 60_000;

/**
 * `defaults` hold for every tenant that has no limits of its own (`npm run tenant -- limit`). The counter's window is
 * `rateWindowMs`.
 */
export function limitTenants(defaults: TenantLimits, counter: WindowCounter): LimitedTenants {
  const running = new Map<string, number>();
  const turn = createTurns();

  function start(id: string, most: number): () => void {
    const before = running.get(id) ?? 0;
    if (before >= most) {
      throw new Problem(429, 'Too many requests of this tenant run at once.', { headers: { 'retry-after': '1' } });
    }
    running.set(id, before + 1);
    let open = true;
    return () => {
      if (!open) return; // Called for the first event that ends a response.
      open = false;
      const left = (running.get(id) ?? 1) - 1;
      if (left === 0) running.delete(id);
      else running.set(id, left);
    };
  }

  return {
    async admit({ id, limits }, response) {
      const perMinute = limits.requestsPerMinute ?? defaults.requestsPerMinute;
      const { count, endsInMs } = await counter.add(id);
      const seconds = Math.ceil(endsInMs / 1000);
      const headers = {
        'ratelimit-policy': `"tenant";q=${perMinute};w=${rateWindowMs / 1000}`,
        ratelimit: `"tenant";r=${Math.max(0, perMinute - count)};t=${seconds}`,
      };
      if (count > perMinute) {
        throw new Problem(429, 'This tenant has no request left in this minute.', {
          headers: { ...headers, 'retry-after': String(seconds) },
        });
      }
      const release = start(id, limits.concurrentRequests ?? defaults.concurrentRequests);
      response.once('finish', release).once('close', release);
      if (response.closed) release();
      await turn(id);
      return { headers, bodyBytes: Math.min(limits.bodyBytes ?? Infinity, defaults.bodyBytes) };
    },
  };
}
