import { goAway, type Piece } from '../raw-http.ts';
import type { Row, Stage, Theme } from '../bad-input.ts';

const start = 'POST /v1/members HTTP/1.1\r\nhost: localhost\r\n';
const json = 'content-type: application/json\r\n';
/** One at a time, for longer than a request may take. */
const drops = (drop: string): string[] => Array.from({ length: 100 }, () => drop);

const tooSlow: [what: string, pieces: (stage: Stage) => readonly Piece[]][] = [
  ['a client that says nothing, and stays', () => ['']],
  ['half a line', () => ['GET /v1/mem']],
  ['half a head', ({ head }) => [`${start}${head}`]],
  ['a head that never ends', ({ head }) => [`${start}${head}`, ...drops('x: y\r\n')]],
  ['a head letter by letter', () => Array.from(start.repeat(3))],
  ['a body that never comes', ({ head }) => [`${start}${head}${json}content-length: 50\r\n\r\n`]],
  ['a body that never ends', ({ head }) => [`${start}${head}${json}content-length: 5000\r\n\r\n{`, ...drops(' ')]],
  ['a chunk that never comes', ({ head }) => [`${start}${head}${json}transfer-encoding: chunked\r\n\r\n`]],
  [
    'chunks that never end',
    ({ head }) => [`${start}${head}${json}transfer-encoding: chunked\r\n\r\n`, ...drops('1\r\n \r\n')],
  ],
  [
    'an expectation that is met, and no body',
    ({ head }) => [`${start}${head}${json}content-length: 50\r\nexpect: 100-continue\r\n\r\n`],
  ],
];

const gone: [what: string, pieces: (stage: Stage) => readonly Piece[]][] = [
  ['before it says anything', () => [goAway]],
  ['within a head', ({ head }) => [`${start}${head}`, goAway]],
  ['within a body', ({ head }) => [`${start}${head}${json}content-length: 50\r\n\r\n{"subject"`, goAway]],
  [
    'within a chunk',
    ({ head }) => [`${start}${head}${json}transfer-encoding: chunked\r\n\r\n32\r\n{"subject"`, goAway],
  ],
];

export const theme: Theme = {
  environment: { REQUEST_TIMEOUT_MS: '1000' },
  concurrent: true,
  rows: [
    ...tooSlow.map(([what, request]): Row => ({
      what,
      request,
      status: what.startsWith('an expectation') ? [100, 408] : 408,
    })),
    ...gone.map(([what, request]): Row => ({ what: `a client that goes away ${what}`, request, status: [] })),
  ],
};
