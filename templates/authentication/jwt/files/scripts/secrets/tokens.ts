import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';

/** The built-in issuer: signs tokens for development in place of an identity provider. */
export async function developmentSecrets(projectName: string): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: randomUUID() };
  return { JWT_ISSUER: `urn:${projectName}:development`, JWT_AUDIENCE: projectName, JWT_DEV_KEY: JSON.stringify(key) };
}
