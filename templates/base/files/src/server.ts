import { createApp } from './app.ts';
import { ConfigError, readConfig } from './config.ts';
import { closeGently } from './http/closing.ts';
import { listen } from './http/listen.ts';
import { whyNotListening } from './http/why-not-listening.ts';
import { createLog } from './log.ts';
import { TenancyError } from './tenancy/errors.ts';
import { openDatabase } from './tenancy/open.ts';
import { whyUnreachable } from './tenancy/why-unreachable.ts';

/** How much longer than any request may take; what still runs then is cut off. */
const closingMs = 5000;

const wrongUsage = 2;

async function start(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLog({ level: config.logLevel });
  const database = await openDatabase({ ...config, onWarning: (message) => log.warn(message) });
  const app = await createApp({ config, database, log });

  let closing = false;
  const close = (signal: string) => {
    if (closing) return;
    closing = true;
    log.info({ signal }, 'closing');
    setTimeout(() => {
      log.error('requests did not end in time');
      process.exit(1);
    }, config.requestTimeoutMs + closingMs).unref();
    // First the requests, then what they need.
    closeGently(app)
      .then(() => database.close())
      .then(() => log.info('closed'))
      .catch((error: unknown) => {
        log.error({ err: error }, 'closing failed');
        process.exitCode = 1;
      });
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);

  await listen(app, config, log).catch((error: unknown) => {
    throw new ConfigError(whyNotListening(error, config), { cause: error });
  });
}

/** Of a file that DATABASE_URL names: a certificate or a key. */
function whyUnread(error: unknown): string | undefined {
  const { syscall, code, path } = error as NodeJS.ErrnoException;
  if (syscall !== 'open' || path === undefined) return undefined;
  return `The file ${path} cannot be read (${code}). Next: see that it is there, and that DATABASE_URL names it.`;
}

/** A sentence for what whoever starts this can mend, the whole error for anything else. */
function explain(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof TenancyError) return error.message;
  return whyUnreachable(error, 'DATABASE_URL') ?? whyUnread(error) ?? error;
}

// Whoever names a port here would be listened to elsewhere.
const given = process.argv.slice(2);
if (given.length > 0) {
  const isQuestion = given.some((each) => each === '--help' || each === '-h');
  if (!isQuestion) console.error(`Nothing is known here of ${given.join(' ')}.\n`);
  (isQuestion ? console.log : console.error)(
    'usage: npm start, with its settings in the environment: PORT=8080 npm start',
  );
  process.exit(isQuestion ? 0 : wrongUsage);
}

start().catch((error: unknown) => {
  console.error(explain(error));
  process.exit(1);
});
