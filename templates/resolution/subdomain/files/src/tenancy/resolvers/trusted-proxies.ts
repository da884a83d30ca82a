import { BlockList, isIP } from 'node:net';

/** Reads addresses and networks, separated by commas. Undefined when one of them is neither, or is everybody. */
export function readProxies(text: string): BlockList | undefined {
  const trusted = new BlockList();
  for (const entry of text.split(',').map((each) => each.trim())) {
    if (entry === '') continue;
    const [address = '', bits, ...rest] = entry.split('/');
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? longest : Number(/^\d{1,3}$/.exec(bits)?.[0]);
    if (version === 0 || rest.length > 0 || !(prefix >= 1 && prefix <= longest)) return undefined;
    trusted.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return trusted;
}

/** Whether the other end of a connection is one of the proxies. An IPv4 address may come in its IPv6 form. */
export function isTrusted(proxies: BlockList, peer: string | undefined): boolean {
  const [address = ''] = (peer ?? '').split('%');
  const version = isIP(address);
  return version !== 0 && proxies.check(address, version === 4 ? 'ipv4' : 'ipv6');
}
