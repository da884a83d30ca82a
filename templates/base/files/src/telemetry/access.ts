import { createHash, timingSafeEqual } from 'node:crypto';
import type { Config } from '../config.ts';
import { Problem } from '../http/problem.ts';
import { unauthenticated } from '../tenancy/resolve.ts';

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Throws unless the request may read the metrics: with METRICS_TOKEN as its bearer; in development also when there is
 * no such token.
 */
export function assertMayReadMetrics({ env, metricsToken }: Config, authorization: string | undefined): void {
  if (metricsToken === undefined) {
    if (env === 'production') throw new Problem(404);
    return;
  }
  if (!timingSafeEqual(sha256(authorization ?? ''), sha256(`Bearer ${metricsToken}`))) throw unauthenticated();
}
