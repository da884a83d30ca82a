import { randomUUID } from 'node:crypto';
import type { Column } from './catalog.ts';
import { textMatching } from './patterns.ts';

/** What a value is made for. */
export interface Seed {
  /** A text that appears in one tenant's rows only. */
  readonly marker: string;
  /** Counts the rows of a table and tenant. */
  readonly n: number;
  /** Makes the same value for every tenant: a natural key that collides. */
  readonly shared: boolean;
}

/** One way to write a value; PostgreSQL's input text, null for null. */
export type Candidate = (seed: Seed) => string | null;

const day = (n: number): string => new Date(Date.UTC(2031, 0, 1 + n)).toISOString().slice(0, 10);
const number = ({ n, shared, marker }: Seed): number => n + 1 + (shared ? 0 : 100 * (1 + (marker.charCodeAt(0) % 200)));
const word = ({ n, shared, marker }: Seed): string => (shared ? `shared${n}` : `${marker}${n}`);
const is = (...texts: string[]): Candidate[] => texts.map((text) => () => text);

const texts: readonly Candidate[] = [
  (seed) => (seed.shared ? `shared ${seed.n}` : `${seed.marker} ${seed.n}`),
  word,
  (seed) => word(seed).toUpperCase(),
  (seed) => word(seed).replace('-', '_'),
  (seed) => `${word(seed)}@example.com`,
  (seed) => `https://${word(seed)}.example.com/`,
  (seed) => `/${word(seed)}`,
  (seed) => `#${word(seed)}`,
  (seed) => `${word(seed)}.example.com`,
  (seed) => `+1555${String(number(seed)).padStart(7, '0')}`,
  (seed) => String(number(seed)),
  (seed) => Buffer.from(word(seed)).toString('hex'),
  () => randomUUID(),
  ({ n }) => day(n),
  ...is(
    'EUR',
    'DE',
    'de',
    'de-DE',
    'UTC',
    'Europe/Berlin',
    'text/plain',
    '1.0.0',
    '#aabbcc',
    '192.0.2.1',
    '10:00',
    'A',
    'a',
    'true',
    '{}',
    'Aa1!Aa1!',
    '',
  ),
];

const hex = (seed: Seed): string => Buffer.from(word(seed)).toString('hex');

/** By base type; what is not here is found by its category, or by trying. */
const byType: Readonly<Record<string, readonly Candidate[]>> = {
  uuid: [() => randomUUID()],
  boolean: is('true', 'false'),
  bytea: [(seed) => `\\x${hex(seed)}`, (seed) => `\\x${hex(seed).slice(0, 2)}`],
  json: [
    (seed) => JSON.stringify({ note: word(seed) }),
    (seed) => JSON.stringify(word(seed)),
    ...is('[]', '{}', '1', 'true'),
  ],
  jsonb: [
    (seed) => JSON.stringify({ note: word(seed) }),
    (seed) => JSON.stringify(word(seed)),
    ...is('[]', '{}', '1', 'true'),
  ],
  date: [({ n }) => day(n), ...is('1990-01-01', '2024-02-29')],
  'timestamp with time zone': [
    ({ n }) => `${day(n)} 00:00:00+00`,
    ...is('1990-01-01 00:00:00+00', '2024-02-29 12:00:00+00'),
  ],
  'timestamp without time zone': [({ n }) => `${day(n)} 00:00:00`, ...is('1990-01-01 00:00:00')],
  'time with time zone': is('10:00:00+00'),
  'time without time zone': is('10:00:00', '00:00:00'),
  interval: is('1 hour', '1 day', '0'),
  inet: [(seed) => `10.${number(seed) % 250}.0.${seed.n + 1}`],
  cidr: [(seed) => `10.${number(seed) % 250}.${seed.n + 1}.0/24`],
  macaddr: [(seed) => `08:00:2b:01:02:${(seed.n + 16).toString(16)}`],
  macaddr8: [(seed) => `08:00:2b:01:02:03:04:${(seed.n + 16).toString(16)}`],
  int4range: [({ n }) => `[${n * 10},${n * 10 + 5})`],
  int8range: [({ n }) => `[${n * 10},${n * 10 + 5})`],
  numrange: [({ n }) => `[${n * 10},${n * 10 + 5})`],
  daterange: [({ n }) => `[${day(n * 10)},${day(n * 10 + 5)})`],
  tsrange: [({ n }) => `[${day(n * 10)},${day(n * 10 + 5)})`],
  tstzrange: [({ n }) => `[${day(n * 10)},${day(n * 10 + 5)})`],
  point: is('(1,2)'),
  line: is('{1,2,3}'),
  lseg: is('[(0,0),(1,1)]'),
  box: is('(1,1),(0,0)'),
  path: is('[(0,0),(1,1)]'),
  polygon: is('((0,0),(1,1),(1,0))'),
  circle: is('<(0,0),1>'),
  tsvector: [word],
  tsquery: [word],
  xml: [(seed) => `<note>${word(seed)}</note>`],
  money: is('1.00'),
  pg_lsn: is('0/1'),
  hstore: [(seed) => `note=>${word(seed)}`],
  'public.hstore': [(seed) => `note=>${word(seed)}`],
};

const numbers: readonly Candidate[] = [
  (seed) => String(number(seed)),
  ...is('1', '0', '0.5', '10', '50', '100', '1000', '-1'),
];
/** For a type that nobody here has heard of. */
const anything: readonly Candidate[] = is('', '1', 'a', '{}', '[]', '()', '0', 'a.b', '(0,0)', 'POINT(0 0)');

/** Ways to write a value of a column, the most telling one first. `checkTexts` are the constraints that it is in. */
export function candidates(column: Column, checkTexts: readonly string[]): Candidate[] {
  const texts = [...checkTexts, ...column.domainChecks];
  const found = [
    ...literals(texts, column),
    ...matching(texts, column),
    ...ofType(column.baseType, column),
    ...sized(texts, column),
  ];
  return column.notNull ? found : [...found, () => null];
}

function ofType(type: string, column: Column): readonly Candidate[] {
  const known = byType[type];
  if (known !== undefined) return known;
  if (column.category === 'A') return ofArray(column);
  if (column.labels.length > 0) return is(...column.labels);
  if (type.endsWith('multirange'))
    return (byType[type.replace('multi', '')] ?? []).map((make) => (seed: Seed) => `{${make(seed)}}`);
  if (type === 'bit' || type === 'bit varying') return is('1'.repeat(Math.max(1, column.modifier)));
  if (type.endsWith('vector'))
    return is(`[${Array.from({ length: Math.max(1, column.modifier) }, () => 1).join(',')}]`);
  if (column.category === 'N') return numbers;
  if (column.category === 'S' || column.category === 'Z') return fitting(texts, column);
  return anything;
}

/** Texts cut to the length of the type: the end tells rows apart. */
function fitting(makers: readonly Candidate[], { baseType, modifier }: Column): Candidate[] {
  const longest =
    baseType === 'name' ? 63 : baseType === '"char"' ? 1 : modifier > 4 ? modifier - 4 : Number.POSITIVE_INFINITY;
  return makers.map((make) => (seed) => make(seed)?.slice(-longest) ?? null);
}

function ofArray(column: Column): Candidate[] {
  if (column.labels.length > 0) return is(`{${column.labels[0]}}`, '{}');
  const element = {
    ...column,
    baseType: column.elementType ?? 'text',
    category: textual(column.elementType) ? 'S' : 'N',
    modifier: -1,
  };
  const makers = ofType(element.baseType, element).slice(0, 3);
  return [...makers.map((make) => (seed: Seed) => `{${quoteElement(make(seed) ?? '')}}`), () => '{}'];
}

const textual = (type: string | null): boolean => type === null || /char|text|name|citext/.test(type);
const quoteElement = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** Another state than a column's default, where its type or the checks that it is in name one: the last. */
export function otherState(
  { baseType, category, default: usual, labels, domainChecks }: Column,
  checkTexts: readonly string[],
) {
  if (/^(date|timestamp)/.test(baseType)) return '2001-01-01';
  if (baseType === 'boolean') return usual === 'true' ? 'false' : 'true';
  return category === 'S' || category === 'E'
    ? [...listed([...checkTexts, ...domainChecks]), ...labels].at(-1)
    : undefined;
}

const listed = (texts: readonly string[]): string[] =>
  texts.filter((text) => /ARRAY\[|= '/.test(text) && !/~/.test(text)).flatMap(quoted);

/** What the checks themselves mention: `status in ('open', 'closed')`, `amount > 5`. */
function literals(texts: readonly string[], { category }: Column): Candidate[] {
  const found = listed(texts);
  if (category === 'A') return [...is('{}'), ...found.map((text) => () => `{${quoteElement(text)}}`)];
  return is(...found);
}

/** What matches the checks that are regular expressions. */
function matching(texts: readonly string[], { category }: Column): Candidate[] {
  if (category !== 'S') return [];
  return texts
    .flatMap((text) => [...text.matchAll(/(?<!!)~\*? '((?:[^']|'')*)'/g)])
    .map(([, pattern = '']) => pattern.replaceAll("''", "'"))
    .filter((pattern) => textMatching(pattern, '') !== undefined)
    .map((pattern) => (seed) => textMatching(pattern, word(seed)) ?? null);
}

function quoted(text: string): string[] {
  return [...text.matchAll(/'((?:[^']|'')*)'::/g)].map((match) => (match[1] as string).replaceAll("''", "'"));
}

/** Around the numbers that the checks mention: as the value, or as its length. */
function sized(texts: readonly string[], { baseType, category }: Column): Candidate[] {
  const mentioned = texts.flatMap((text) => [...text.matchAll(/-?\d+(?:\.\d+)?/g)].map(([match]) => Number(match)));
  const near = [...new Set(mentioned.flatMap((value) => [value, value + 1, value - 1]))].slice(0, 30);
  if (category === 'N') return near.map((value) => () => String(value));
  const lengths = near.filter((value) => Number.isInteger(value) && value > 0 && value <= 1000);
  if (baseType === 'bytea')
    return lengths.map(
      (length) => (seed) =>
        `\\x${hex(seed)
          .padEnd(length * 2, '0')
          .slice(0, length * 2)}`,
    );
  if (category !== 'S') return is(...texts.flatMap(quoted));
  const padded = lengths.map((length) => (seed: Seed) => word(seed).padEnd(length, 'x').slice(-length));
  const digits = lengths.map((length) => (seed: Seed) => String(number(seed)).padStart(length, '0').slice(-length));
  const letters = lengths.map((length) => (seed: Seed) => 'ABCDEFGHIJ'.charAt(seed.n % 10).repeat(length));
  return [
    ...padded,
    ...digits,
    ...letters,
    ...letters.map((make) => (seed: Seed) => make(seed)?.toLowerCase() ?? null),
    ...is(...texts.flatMap(quoted)),
  ];
}
