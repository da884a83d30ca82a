const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';
const plain = `${lower}${digits}`;
/** As many of what may repeat without end: room for texts that differ. */
const roomy = 8;

/** By escape, and by name in brackets; PostgreSQL manual, 9.7.3. */
const escapes: Readonly<Record<string, string>> = { d: digits, w: plain, s: ' ', D: lower, W: '-', S: lower };
const classes: Readonly<Record<string, string>> = {
  alpha: lower,
  alnum: plain,
  digit: digits,
  lower,
  upper,
  space: ' ',
  blank: ' ',
  punct: '-',
  xdigit: `${digits}abcdef`,
};

/** Takes one of so many. */
type Choose = (count: number) => number;
type Part = (choose: Choose) => string;

/**
 * A text that a regular expression of PostgreSQL matches, another one for another seed: what the check of a code, a number or a slug usually asks for. Undefined where it takes more to
 * understand it: look-around, references back.
 */
export function textMatching(pattern: string, seed: string): string | undefined {
  const reader = { pattern: pattern.replace(/^\*\*\*:|^\(\?[a-z]+\)/, ''), at: 0 };
  const part = readAlternatives(reader);
  if (part === undefined || reader.at < reader.pattern.length) return undefined;
  return part(chooser(seed));
}

interface Reader {
  readonly pattern: string;
  at: number;
}

function readAlternatives(reader: Reader): Part | undefined {
  const alternatives: Part[] = [];
  do {
    const sequence = readSequence(reader);
    if (sequence === undefined) return undefined;
    alternatives.push(sequence);
  } while (take(reader, /\|/y) !== undefined);
  return (choose) => (alternatives[choose(alternatives.length)] as Part)(choose);
}

function readSequence(reader: Reader): Part | undefined {
  const parts: Part[] = [];
  while (reader.at < reader.pattern.length && !'|)'.includes(reader.pattern.charAt(reader.at))) {
    const atom = readAtom(reader);
    if (atom === undefined) return undefined;
    parts.push(repeat(atom, reader));
  }
  return (choose) => parts.map((part) => part(choose)).join('');
}

function readAtom(reader: Reader): Part | undefined {
  if (take(reader, /[$^]|\\[AZmMyY]/y) !== undefined) return () => '';
  if (take(reader, /\((?:\?:)?(?!\?)/y) !== undefined) {
    const inner = readAlternatives(reader);
    return take(reader, /\)/y) === undefined ? undefined : inner;
  }
  const [, negated, set] = take(reader, /\[(\^?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]/y) ?? [];
  if (set !== undefined) return oneOf(negated === '' ? expand(set) : without(expand(set)));
  const [, escape] = take(reader, /\\(.)/y) ?? [];
  if (escape !== undefined) return /[1-9]/.test(escape) ? undefined : oneOf(escapes[escape] ?? escape);
  if (take(reader, /\./y) !== undefined) return oneOf(plain);
  const [literal] = take(reader, /[^()[\]{}*+?\\|]|\]|\}/y) ?? [];
  return literal === undefined ? undefined : () => literal;
}

function repeat(part: Part, reader: Reader): Part {
  const [sign, least, comma, most] = take(reader, /[*+?]\??|\{(\d+)(,?)(\d*)\}\??/y) ?? [];
  if (sign === undefined) return part;
  const fewest = least === undefined ? (sign.startsWith('+') ? 1 : 0) : Number(least);
  const mostTimes =
    least === undefined ? (sign.startsWith('?') ? 1 : roomy) : comma === '' ? fewest : Number(most || fewest + roomy);
  const times = Math.max(fewest, Math.min(mostTimes, roomy));
  return (choose) => Array.from({ length: times }, () => part(choose)).join('');
}

const oneOf =
  (characters: string): Part =>
  (choose) =>
    characters.charAt(choose(characters.length));

/** The characters of a set in brackets. */
function expand(set: string): string {
  return [...set.matchAll(/\[:(\w+):\]|\\(.)|(.)-(.)|(.)/g)]
    .map(([, named, escape, from = '', to, one = '']) => {
      if (named !== undefined) return classes[named] ?? '';
      if (escape !== undefined) return escapes[escape] ?? escape;
      if (to === undefined) return one;
      const [first, last] = [from.charCodeAt(0), to.charCodeAt(0)];
      return String.fromCharCode(...Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => first + n));
    })
    .join('');
}

const without = (characters: string): string =>
  Array.from(`${plain}${upper}-_`)
    .filter((each) => !characters.includes(each))
    .join('');

function take(reader: Reader, expected: RegExp): RegExpExecArray | undefined {
  expected.lastIndex = reader.at;
  const found = expected.exec(reader.pattern);
  if (found === null) return undefined;
  reader.at = expected.lastIndex;
  return found;
}

/** The same choices for the same seed: a linear congruential generator (Numerical Recipes). */
function chooser(seed: string): Choose {
  let state = Buffer.from(seed).reduce((sum, byte) => Math.imul(sum ^ byte, 16777619), 2166136261) >>> 0;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 16) % count;
  };
}
