import type { DnsResolver } from '../../../src/platform/domains/dns.ts';

/** TXT records by name, or why there is no answer; what a test puts here is what the application finds. */
export const records = new Map<string, readonly string[] | Error>();

export const dns: DnsResolver = {
  async resolveTxt(name) {
    const answer = records.get(name) ?? Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    if (answer instanceof Error) throw answer;
    return answer.map((value) => [value]);
  },
};
