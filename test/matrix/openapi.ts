import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

// Prints the OpenAPI document that the repository in the working directory serves. It needs no database for that.
const part = async (path: string) => (await import(pathToFileURL(resolve(path)).href)) as never;
const { createApp }: { createApp: (given: object) => Promise<Application> } = await part('src/app.ts');
const { readConfig }: { readConfig: (environment: object) => object } = await part('src/config.ts');
const { createLog }: { createLog: (options: object) => object } = await part('src/log.ts');
const { developmentSecrets }: { developmentSecrets: (name: string) => Promise<object> } = await part(
  'scripts/development-secrets.ts',
);

interface Application {
  readonly listen: (options: object) => Promise<unknown>;
  readonly server: { readonly address: () => unknown };
  readonly close: () => Promise<unknown>;
}

const config = readConfig({
  ...(await developmentSecrets('my-saas')),
  DATABASE_URL: 'postgres://my_saas_runtime:none@127.0.0.1:1/none',
  NODE_ENV: 'test',
});
const app = await createApp({ config, database: {}, log: createLog({ level: 'silent' }) });
await app.listen({ host: '127.0.0.1', port: 0 });
const { port } = app.server.address() as { port: number };
const response = await fetch(`http://127.0.0.1:${port}/openapi.json`);
console.log(response.status, response.headers.get('content-type'));
console.log(await response.text());
await app.close();
