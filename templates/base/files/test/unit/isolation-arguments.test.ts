import { describe, expect, it } from 'vitest';
import { UsageError } from '../../scripts/arguments.ts';
import { parseArguments } from '../isolation/arguments.ts';

const environment = {
  DATABASE_ADMIN_URL: 'postgres://admin:secret@db.example.com/app',
  DATABASE_URL: 'postgres://runtime:secret@pooler.example.com/app',
};
const elsewhere = 'postgres://admin:other@elsewhere.example.com/app';

describe('the arguments of npm run isolation', () => {
  it.each([
    [['--against', elsewhere], elsewhere],
    [[`--against=${elsewhere}`, '--full'], elsewhere],
    [['--against'], environment.DATABASE_ADMIN_URL],
    [['--against', '--full'], environment.DATABASE_ADMIN_URL],
  ])('%j names a database', (given, against) => {
    expect(parseArguments(given, environment)).toMatchObject({ against });
  });

  it('take what the runtime role logs in with from the environment, too', () => {
    const given = parseArguments(['--against', '--runtime-url'], environment);
    expect(given).toMatchObject({ against: environment.DATABASE_ADMIN_URL, runtimeUrl: environment.DATABASE_URL });
    expect(parseArguments(['--against'], environment).runtimeUrl).toBeUndefined();
  });

  it('name no database unless asked to', () => {
    expect(parseArguments(['--mutations'], environment)).toEqual({ mode: 'quick', mutations: 'all' });
  });

  it.each([
    [['--against'], {}, /--against without a URL takes DATABASE_ADMIN_URL, which is not set/],
    [['--against', '--runtime-url'], { DATABASE_ADMIN_URL: elsewhere }, /takes DATABASE_URL, which is not set/],
    [['--against', ''], environment, /takes a URL like/],
    [['--against'], { DATABASE_ADMIN_URL: 'db.example.com' }, /--against takes a URL like .* or DATABASE_ADMIN_URL/],
    [['--runtime-url', elsewhere], environment, /--runtime-url needs --against/],
    [['--json', ''], {}, /--json takes a file/],
    [['--html', import.meta.dirname], {}, /--html takes a file, and .* is a folder/],
    [['--junit', `${import.meta.filename}/report.xml`], {}, /--junit takes a file in a folder that is there/],
  ])('are wrong: %j', (given, known, problem) => {
    const parse = () => parseArguments(given, known);
    expect(parse).toThrow(UsageError);
    expect(parse).toThrow(problem);
  });
});
