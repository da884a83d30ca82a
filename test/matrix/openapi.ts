import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Serves the OpenAPI document of the repository in the working directory. It needs no database for that. */
const program = `
  import { createApp } from './src/app.ts';
  import { readConfig } from './src/config.ts';
  import { createLog } from './src/log.ts';
  import { developmentSecrets } from './scripts/development-secrets.ts';

  const config = readConfig({
    ...(await developmentSecrets('my-saas')),
    DATABASE_URL: 'postgres://my_saas_runtime:none@127.0.0.1:1/none',
    NODE_ENV: 'test',
  });
  const app = await createApp({ config, database: {}, log: createLog({ level: 'silent' }) });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(\`http://127.0.0.1:\${app.server.address().port}/openapi.json\`);
  export const answer = [response.status, response.headers.get('content-type'), await response.text()].join('\\n');
  await app.close();
`;

/** What the repository in a folder answers when it is asked for its OpenAPI document: status, content type, document. */
export async function servedDocument(dir: string): Promise<string> {
  // One file is imported in a third of the time that its modules take, and into this process, which knows the packages by the second time.
  const outfile = join(dir, 'openapi.mjs');
  await build({
    stdin: { contents: program, resolveDir: dir, loader: 'ts' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'silent',
    outfile,
  });
  const { answer } = (await import(pathToFileURL(outfile).href)) as { answer: string };
  return answer;
}
