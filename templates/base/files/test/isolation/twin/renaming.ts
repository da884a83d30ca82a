/**
 * Makes two runs comparable that made up ids and secrets of their own: each is named by when it first appeared. Times of the run itself become one mark. What is the same in both
 * worlds keeps its place in the order, so a value that only one of them shows moves all that follow.
 */
export function createRenaming(startedAt: Date): (text: string) => string {
  const names = new Map<string, string>();
  const since = startedAt.getTime() - 60_000;
  const name = (value: string): string => {
    const known = names.get(value.toLowerCase());
    if (known !== undefined) return known;
    const given = `#${names.size + 1}`;
    names.set(value.toLowerCase(), given);
    return given;
  };
  return (text) =>
    text
      .replace(time, (found) => (timeOf(found) >= since ? '#now' : found))
      .replace(uuid, name)
      .replace(opaque, name);
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
/** Cursors, keys and tags: too long to be words, with digits or capitals in the middle. */
const opaque = /(?=[\w-]*(?:\d|[a-z][A-Z]))[A-Za-z0-9_-]{20,}/g;
/** As PostgreSQL and as JSON write it. */
const time = /\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?/g;

function timeOf(text: string): number {
  const iso = text.replace(' ', 'T');
  return Date.parse(/[+-]\d\d$/.test(iso) ? `${iso}:00` : iso);
}
