import { post, type Row, type Theme } from '../bad-input.ts';

const path = '/v1/members';
const unstorable = 'holds a character that cannot be stored';
const long = 'is too long or too large';
const short = 'is too short or too small';

const subjects: [what: string, body: string, message: string][] = [
  ['a NUL', '"a\\u0000b"', unstorable],
  ['half a surrogate pair', '"a\\ud800b"', unstorable],
  ['the other half', '"a\\udc00b"', unstorable],
  ['a pair in the wrong order', '"\\udc00\\ud800"', unstorable],
  ['half a pair at the end', '"a\\ud83d"', unstorable],
  ['256 characters', JSON.stringify('x'.repeat(256)), long],
  ['90,000 characters', JSON.stringify('x'.repeat(90_000)), long],
  ['nothing', '""', short],
  ['white space', '" \\t\\n\\u00a0\\ufeff\\u2003"', short],
];

const emails: string[] = [
  'ann',
  'ann@',
  '@example.com',
  'ann@example',
  'ann@@example.com',
  'ann@example.com\\u0000',
  'ann@example.com\\r\\nbcc: bob@example.com',
  'Ann <ann@example.com>',
  'ann@example.com, bob@example.com',
  `ann@example.com' or '1'='1`,
  '\\u202eann@example.com',
];

export const theme: Theme = {
  rows: [
    ...subjects.map(([what, subject, message]): Row => ({
      what: `a subject of ${what}`,
      request: post(path, `{"subject":${subject},"role":"viewer"}`),
      status: 422,
      errors: { subject: message },
    })),
    ...emails.map((email): Row => ({
      what: `the address ${email.slice(0, 40)}`,
      request: post(path, `{"subject":"ann","role":"viewer","email":"${email}"}`),
      status: 422,
      errors: { email: 'is not in the right form' },
    })),
  ],
};
