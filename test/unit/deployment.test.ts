import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Answers } from '../../generators/answers/options.ts';
import { generate } from '../../generators/engine/generate.ts';
import { exampleAnswers } from './example-answers.ts';

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly [setting: string]: unknown;
}
interface Job {
  readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly if?: string }[];
}

const choices: Readonly<Record<string, Partial<Answers>>> = {
  'the default answers': {},
  'plain context, subdomains, Express, pnpm': {
    context: 'plain',
    resolution: ['subdomain'],
    framework: 'express',
    packageManager: 'pnpm',
  },
  'every resolver': { resolution: ['jwt', 'api-key', 'subdomain'] },
};

/** What only the administrator, the control plane or compose.yaml itself may know. */
const notForTheApplication = ['DATABASE_ADMIN_URL', 'DATABASE_PLATFORM_URL'];
const setElsewhere = ['NODE_ENV', 'HOST', 'PORT', 'POSTGRES_PASSWORD', 'RUNTIME_PASSWORD', 'PLATFORM_PASSWORD'];

describe('compose.yaml, with a database for each tenant', async () => {
  const tree = await generate({ ...exampleAnswers, strategy: ['database-per-tenant'] });
  const { services } = parse(tree.get('compose.yaml')?.content ?? '', { merge: true }) as {
    services: Record<string, Service>;
  };

  it('asks over HTTP for the health of what answers there alone, and disables no check: `up --wait` would fail', () => {
    const lasting = Object.entries(services).filter(([, { restart }]) => restart !== undefined);
    expect(lasting.map(([name, { healthcheck }]) => [name, healthcheck])).toEqual([
      ['app', undefined],
      ['prepare', { test: ['CMD', 'true'] }],
    ]);
  });
});

describe.each(Object.entries(choices))('deployment, with %s', async (_title, choice) => {
  const answers = { ...exampleAnswers, ...choice };
  const tree = await generate(answers);
  const text = (path: string) => tree.get(path)?.content ?? '';
  const described = [...text('.env.example').matchAll(/^([A-Z_0-9]+)=/gm)].map((match) => match[1] as string);

  describe('compose.yaml', () => {
    const { services } = parse(text('compose.yaml'), { merge: true }) as { services: Record<string, Service> };
    const { database, migrate, app, tenant } = services as Record<'database' | 'migrate' | 'app' | 'tenant', Service>;

    it('gives the application every variable that .env.example describes, and no other', () => {
      const left = [...notForTheApplication, ...setElsewhere];
      expect(Object.keys(app.environment).sort()).toEqual(described.filter((name) => !left.includes(name)).sort());
      expect('TENANT_SEAL_KEYS' in app.environment).toBe(answers.context === 'sealed');
      expect('BASE_DOMAIN' in app.environment).toBe(answers.resolution.includes('subdomain'));
    });

    it('lets each service log in as its own role', () => {
      expect(app.environment['DATABASE_URL']).toContain('postgres://my_saas_runtime:${RUNTIME_PASSWORD');
      expect(tenant.environment['DATABASE_PLATFORM_URL']).toContain('postgres://my_saas_platform:${PLATFORM_PASSWORD');
      const knowing = Object.entries(services).filter(([, { environment }]) => 'DATABASE_ADMIN_URL' in environment);
      expect(knowing.map(([name]) => name)).toEqual(['migrate']);
      for (const { environment } of [app, tenant])
        expect(JSON.stringify(environment)).not.toContain('POSTGRES_PASSWORD');
    });

    it('has no password of its own, and stops where one is missing', () => {
      const given = text('compose.yaml').matchAll(/\$\{(\w+)([^}]*)\}/g);
      for (const [, name = '', otherwise = ''] of given) {
        if (name !== 'PORT') expect(otherwise, name).toMatch(/^(:-|:\?.+|)$/);
      }
      for (const name of ['POSTGRES_PASSWORD', 'RUNTIME_PASSWORD', 'PLATFORM_PASSWORD']) {
        expect(text('compose.yaml')).toContain(`\${${name}:?`);
      }
    });

    it('runs what it builds without rights, and shows nothing but the application, to this machine', () => {
      for (const service of [migrate, app, tenant]) {
        expect(service).toMatchObject({
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          tmpfs: ['/tmp'],
        });
      }
      const shown = Object.entries(services).filter(([, { ports }]) => ports !== undefined);
      expect(shown).toEqual([['app', expect.objectContaining({ ports: ['127.0.0.1:${PORT:-3000}:3000'] })]]);
    });

    it('migrates first, on a database that answers', () => {
      expect(migrate['depends_on']).toEqual({ database: { condition: 'service_healthy' } });
      expect(app['depends_on']).toEqual({ migrate: { condition: 'service_completed_successfully' } });
      expect(database).toMatchObject({ healthcheck: { test: expect.arrayContaining(['pg_isready']) } });
    });
  });

  describe('the image', () => {
    const stages = text('Dockerfile')
      .split(/^(?=FROM )/m)
      .filter((stage) => stage.startsWith('FROM'));

    it('is built from the lockfile of the package manager', () => {
      const { lockfile, install } = {
        npm: { lockfile: 'package-lock.json', install: 'RUN npm ci --ignore-scripts' },
        pnpm: { lockfile: 'pnpm-lock.yaml', install: 'pnpm install --frozen-lockfile --ignore-scripts' },
      }[answers.packageManager];
      expect(stages[0]).toMatch(new RegExp(`^COPY package\\.json .*${lockfile}`, 'm'));
      expect(stages[0]).toContain(install);
    });

    it('runs as nobody important, asks for its health, and gets signals itself', () => {
      const last = stages.at(-1);
      expect(last).toMatch(/^USER node$/m);
      expect(last).toMatch(/^HEALTHCHECK [^]*\/healthz/m);
      expect(last).toMatch(/^CMD \["node", .*"dist\/server\.js"\]$/m);
      expect(last).toContain('NODE_ENV=production');
    });

    it('knows no secret', () => {
      const names = described.filter((name) => /KEY|PASSWORD|TOKEN|_URL/.test(name));
      expect(names.filter((name) => text('Dockerfile').includes(name))).toEqual([]);
      expect(text('.dockerignore').split('\n')).toEqual(
        expect.arrayContaining(['.env*', '.data', '.git', 'node_modules']),
      );
    });
  });

  describe('the workflow', () => {
    const workflow = parse(text('.github/workflows/check.yml')) as Record<string, unknown>;
    const steps = Object.values(workflow['jobs'] as Record<string, Job>).flatMap((job) => job.steps);

    it('checks every push and pull request, and may read only', () => {
      expect(workflow['on']).toEqual({ push: null, pull_request: null });
      expect(workflow['permissions']).toEqual({ contents: 'read' });
    });

    it('runs scripts that exist: types, lint, tests, isolation', () => {
      const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
      const commands = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
      const run = commands.flatMap(
        (command) => /^p?npm (?:run )?(test|typecheck|lint|build|isolation)\b/.exec(command)?.[1] ?? [],
      );
      expect(run.sort()).toEqual(['build', 'isolation', 'lint', 'test', 'typecheck']);
      for (const name of run) expect(scripts).toHaveProperty([name]);
    });

    it('keeps the report of the isolation suite, above all when it found something', () => {
      const isolation = steps.find(({ run }) => run?.includes('isolation/report.json'))?.run;
      for (const file of ['report.json', 'report.xml', 'report.html']) expect(isolation).toContain(`isolation/${file}`);
      expect(steps.find(({ uses }) => uses?.startsWith('actions/upload-artifact@'))?.if).toBe('always()');
    });

    it('names the version of every action', () => {
      for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@v\d+$/);
    });
  });
});
