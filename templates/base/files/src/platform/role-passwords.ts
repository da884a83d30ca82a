import pg from 'pg';
import { roles } from '../tenancy/roles.ts';
import { passwordVerifier } from './scram.ts';

const logins = [
  { variable: 'DATABASE_URL', role: roles.runtime },
  { variable: 'DATABASE_PLATFORM_URL', role: roles.platform },
] as const;

/**
 * Gives the two login roles the passwords in DATABASE_URL and DATABASE_PLATFORM_URL, where there are any. Returns a
 * line for each thing done or left out.
 */
export async function applyRolePasswords(
  client: pg.Client,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { variable, role } of logins) {
    const text = environment[variable];
    if (text === undefined || text === '') continue;
    const url = new URL(text);
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    // Hosted poolers append the project to the user name: `role.project`.
    if (user !== role && !user.startsWith(`${role}.`)) {
      lines.push(`${variable} logs in as ${user || 'nobody'}, not as ${role}: its password is left out`);
    } else if (password !== '') {
      await client.query(
        `alter role ${pg.escapeIdentifier(role)} password ${pg.escapeLiteral(passwordVerifier(password))}`,
      );
      lines.push(`password of ${role} set from ${variable}`);
    }
  }
  return lines;
}
