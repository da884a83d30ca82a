import { describe, expect, it } from 'vitest';
import { UsageError } from '../../scripts/arguments.ts';
import { tenantCommands } from '../../scripts/tenant/commands.ts';
import { parseCommand } from '../../scripts/tenant/parse.ts';

const parse = (given: readonly string[]) => parseCommand(tenantCommands({}), [...given]).given;

describe('the arguments of npm run tenant', () => {
  it('name a command, a tenant and options', () => {
    expect(parse(['delete', 'acme', '--grace-days', '0', '--json'])).toMatchObject({
      slug: 'acme',
      graceDays: 0,
      json: true,
    });
  });

  it('give a tenant limits, or take one away', () => {
    const limits = ['--requests-per-minute', '2147483647', '--concurrent-requests', '0', '--body-bytes', 'default'];
    expect(parse(['limit', 'acme', ...limits]).limits).toEqual({
      requestsPerMinute: 2147483647,
      concurrentRequests: 0,
      bodyBytes: null,
    });
  });

  it.each([
    [[], /^Which command\?/],
    [['frob'], /^There is no command "frob"/],
    [['toString'], /^There is no command "toString"/],
    [['create'], /^create takes one slug/],
    [['create', 'a', 'b'], /^create takes one slug/],
    [['list', 'x'], /^list takes no slug/],
    [['list', '--name', 'x'], /^list takes no --name/],
    [['suspend', 'x', '--to', 'y'], /^suspend takes no --to/],
    [['limit', 'x'], /^Which limit\?/],
    [['export', 'x'], /^Where to\?/],
    [['export', 'x', '--to', ''], /^Where to\?/],
    [['create', 'Two Words'], /^"Two Words" cannot be a slug/],
    [['create', 'x', '--name', ''], /^A name has 1 to 200 characters/],
    [['delete', 'x', '--grace-days', 'soon'], /^--grace-days is a whole number from 0 to \d+\.$/],
    [['delete', 'x', '--grace-days', ''], /^--grace-days is a whole number from 0 to \d+\.$/],
    [['limit', 'x', '--requests-per-minute', '99999999999'], /^--requests-per-minute is .* 2147483647, or "default"/],
    [['limit', 'x', '--body-bytes', '2147483648'], /^--body-bytes is .* 2147483647, or "default"/],
  ])('are wrong: %j', (given, problem) => {
    expect(() => parse(given)).toThrow(UsageError);
    expect(() => parse(given)).toThrow(problem);
  });

  it.each([
    ['list', '--frob'],
    ['limit', 'x', '--requests-per-minute'],
  ])('are wrong for Node, too: %j', (...given) => {
    expect(() => parse(given)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^ERR_PARSE_ARGS/) }));
  });
});
