import type { SecretKey } from '../secret-keys.ts';
import { openPassword } from './credentials.ts';

/** Where a tenant's database is. */
export interface Site {
  readonly tenantId: string;
  readonly database: string;
  /** The only login that gets there. */
  readonly login: string;
  /** Null where it is the server of the control plane. */
  readonly host: string | null;
  readonly port: number | null;
  /** Counts its moves. */
  readonly generation: number;
}

/** As platform.find_place() answers. */
export interface Place extends Site {
  readonly sealedPassword: string;
}

/** A URL of the control plane's database made one of a tenant's, for the same login. */
export function urlAt(url: string, { database, host, port }: Pick<Site, 'database' | 'host' | 'port'>): string {
  const there = Object.assign(new URL(url), { pathname: `/${database}` });
  if (host !== null) there.hostname = host;
  if (port !== null) there.port = String(port);
  return there.href;
}

/**
 * The URL by which the application reaches a tenant's database: its own, with another database and the tenant's login.
 */
export function placeUrl(runtimeUrl: string, place: Place, keys: readonly SecretKey[]): string {
  const password = openPassword(keys, place, place.sealedPassword);
  return Object.assign(new URL(urlAt(runtimeUrl, place)), { username: place.login, password }).href;
}
