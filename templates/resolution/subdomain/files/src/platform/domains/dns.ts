import { Resolver } from 'node:dns/promises';

/** Reads TXT records; a test brings its own. */
export interface DnsResolver {
  /** The values of a name's TXT records, each as its parts; rejects with a code of node:dns. */
  readonly resolveTxt: (name: string) => Promise<readonly (readonly string[])[]>;
}

const longestMs = 5000;

/** Asks the name servers of this machine, at most five seconds long. */
export const dns: DnsResolver = {
  async resolveTxt(name) {
    // One for each question: cancel() ends all that a resolver was asked.
    const resolver = new Resolver({ timeout: 2000, tries: 2 });
    const timer = setTimeout(() => resolver.cancel(), longestMs);
    try {
      return await resolver.resolveTxt(name);
    } finally {
      clearTimeout(timer);
    }
  },
};
