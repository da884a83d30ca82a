import { operations } from '../openapi.ts';

const paths = operations.map(({ method, path }) => ({
  method: method.toUpperCase(),
  pattern: new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`),
}));

/** The methods that a path answers to; none when there is no such path. */
export function allowedMethods(url: string): string[] {
  const [path = ''] = url.split('?');
  return paths.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
}
