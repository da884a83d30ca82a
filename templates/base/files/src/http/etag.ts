import { notFound, Problem } from './problem.ts';

/** A resource's version as a strong validator, RFC 9110 section 8.8.3. */
export const etag = (version: number): string => `"${version}"`;

const anything = '*';

function tags(header: string | undefined): readonly string[] | undefined {
  return header?.split(',').map((tag) => tag.trim());
}

/** True when the client has this version already: answer 304. If-None-Match compares weakly. */
export function isCurrent(ifNoneMatch: string | undefined, version: number): boolean {
  return tags(ifNoneMatch)?.some((tag) => tag === anything || tag.replace(/^W\//, '') === etag(version)) ?? false;
}

/**
 * The versions that If-Match allows to change; undefined when every version may be changed. A weak tag never matches.
 */
export function matchingVersions(ifMatch: string | undefined): readonly number[] | undefined {
  const given = tags(ifMatch);
  if (given === undefined || given.includes(anything)) return undefined;
  return given.flatMap((tag) => {
    const version = Number(/^"([1-9]\d{0,8})"$/.exec(tag)?.[1]);
    return Number.isNaN(version) ? [] : [version];
  });
}

/** Why a conditional change found no row: the resource is gone, or it is there in another version. */
export function changeProblem(existing: object | undefined): Problem {
  return existing === undefined ? notFound() : new Problem(412, 'It was changed since you read it. Read it again.');
}
