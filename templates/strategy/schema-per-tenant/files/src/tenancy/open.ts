import { createDatabase, type Database } from './database.ts';
import type { DatabaseSteps } from './database-steps.ts';
import { type ContextSecrets, createContextSettings, eachSecret } from './enter.ts';
import { assertPlacesSafe } from './place-safety.ts';
import { warnOfPooler } from './pooler-warning.ts';
import { roles } from './roles.ts';
import { assertSafe } from './safety.ts';
import { templateSchema } from './schema.ts';
import { createStore } from './store.ts';

export interface OpenOptions extends ContextSecrets {
  readonly database: { readonly url: string; readonly poolSize: number; readonly lanes: number };
  /** Told what works but is worth knowing, in one sentence. */
  readonly onWarning?: (message: string) => void;
}

/** Connects the application to its database, and refuses one that would not keep tenants apart. */
export async function openDatabase(options: OpenOptions, steps?: DatabaseSteps): Promise<Database> {
  const { enter, outside } = createStore(options);
  const secrets = eachSecret(options).map((each) => {
    const settings = createContextSettings(each.secrets);
    return { name: each.name, enter: (...of: Parameters<typeof settings>) => ({ settings: settings(...of) }) };
  });
  await assertSafe({ url: options.database.url, schema: templateSchema, secrets, login: roles.runtime });
  await assertPlacesSafe(options.database.url);
  const database = await createDatabase({ ...options.database, enter, outside }, steps);
  warnOfPooler(database, options.onWarning);
  return database;
}
