import { operations } from '../openapi.ts';

const paths = operations.map(({ method, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The methods that a path answers to; none when there is no such path. */
export function allowedMethods(url: string): string[] {
  const [path = ''] = url.split('?');
  const found = paths.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  // What can be read answers HEAD, too.
  return found.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method));
}
