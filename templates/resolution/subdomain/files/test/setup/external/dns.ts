import type { DnsResolver } from '../../../src/platform/domains/dns.ts';

/** TXT records by name; what a test puts here is what the application finds. */
export const records = new Map<string, readonly string[]>();

export const dns: DnsResolver = {
  async resolveTxt(name) {
    const values = records.get(name);
    if (values === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return values.map((value) => [value]);
  },
};
