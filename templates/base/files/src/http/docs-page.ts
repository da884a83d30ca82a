import { createHash } from 'node:crypto';
import type { openApiDocument } from '../openapi.ts';
import { escapeMarkup as text } from './escape-markup.ts';

type Document = ReturnType<typeof openApiDocument>;

/** A JSON schema, as far as the page shows it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly description?: string;
  readonly default?: unknown;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly [constraint: string]: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content & { readonly description: string }>>;
}

const style = `
:root { color-scheme: light dark; --line: light-dark(#d8dde3, #3a4048); --soft: light-dark(#5b6570, #9aa4af); --code: light-dark(#f3f5f7, #22262b); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 0 auto; padding: 1.5rem; color: light-dark(#1a1f24, #e6e9ec); background: light-dark(#fff, #16191d); }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code, .path { font: 0.9em ui-monospace, monospace; }
pre { background: var(--code); padding: 0.75rem; overflow-x: auto; border-radius: 4px; }
details { border: 1px solid var(--line); border-radius: 4px; margin: 0.5rem 0; padding: 0.25rem 0.75rem; }
summary { cursor: pointer; padding: 0.25rem 0; }
.method { display: inline-block; min-width: 4.5em; font-weight: 600; }
.soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0; border-top: 1px solid var(--line); overflow-wrap: break-word; }
nav ul { columns: 2; padding-left: 1.2rem; }
@media (max-width: 40rem) { nav ul { columns: 1; } }
@media print { details { break-inside: avoid; } }
`;

/** Nothing is loaded and nothing runs: the page is one text with one style sheet, named by its hash. */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The OpenAPI document as a page for people; made once, when the application starts. */
export function docsPage(document: Document): {
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
} {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  const schemas = Object.entries((document.components?.schemas ?? {}) as Record<string, Schema>);
  const { title, description = '' } = document.info;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${text(title)}</h1>
<p>${text(description)} The same as a machine reads it: <a href="/openapi.json">openapi.json</a>.</p>
<nav><ul>${tags.map((tag) => `<li><a href="#${anchor(tag)}">${text(tag)}</a></li>`).join('')}</ul></nav>
<h2>Credentials</h2>
${credentials(document)}
${tags
  .map(
    (tag) => `<h2 id="${anchor(tag)}">${text(tag)}</h2>
${operations
  .filter(({ operation }) => (operation.tags?.[0] ?? '') === tag)
  .map(describeOperation)
  .join('\n')}`,
  )
  .join('\n')}
<h2>Schemas</h2>
${schemas.map(([name, schema]) => `<h3 id="${anchor(`schema ${name}`)}">${text(name)}</h3>\n${describeSchema(schema)}`).join('\n')}
</body>
</html>
`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy };
  return { headers, html };
}

function credentials({ components }: Document): string {
  const schemes = Object.values(components?.securitySchemes ?? {}) as { type?: string; name?: string }[];
  const lines = schemes.map(({ type, name }) =>
    type === 'http' ? 'Authorization: Bearer &lt;token&gt;' : `${text(name ?? '')}: &lt;key&gt;`,
  );
  return `<ul>${lines.map((line) => `<li><code>${line}</code></li>`).join('')}</ul>`;
}

function describeOperation(of: { path: string; method: string; operation: Operation }): string {
  const { parameters = [], requestBody, responses = {}, summary = '', operationId = '' } = of.operation;
  const body = schemaOf(requestBody);
  return `<details id="${anchor(operationId)}">
<summary><span class="method">${of.method.toUpperCase()}</span> <span class="path">${text(of.path)}</span> <span class="soft">${text(summary)}</span></summary>
${parameters.length === 0 ? '' : `<h4>Parameters</h4>\n${rows(parameters.map((each) => [`<code>${text(each.name)}</code>`, `${each.in}${each.required === true ? ', required' : ''}`, `${shape(each.schema)} ${text(each.description ?? '')}`]))}`}
${body === undefined ? '' : `<h4>Body</h4>\n${describeSchema(body)}`}
<h4>Answers</h4>
${rows(
  Object.entries(responses).map(([status, response]) => [
    status,
    text(response.description),
    schemaOf(response) === undefined ? '' : shape(schemaOf(response)),
  ]),
)}
</details>`;
}

const schemaOf = (part: Content | undefined): Schema | undefined => Object.values(part?.content ?? {})[0]?.schema;

function describeSchema(schema: Schema): string {
  if (schema.properties === undefined) return `<p>${shape(schema)}</p>`;
  const required = new Set(schema.required);
  return rows(
    Object.entries(schema.properties).map(([name, property]) => [
      `<code>${text(name)}</code>`,
      required.has(name) ? 'required' : '',
      `${shape(property)} ${text(property.description ?? '')}`,
    ]),
  );
}

const constraints = ['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems', 'pattern', 'default'];

/** A schema in a few words. */
function shape(schema: Schema | undefined): string {
  if (schema === undefined) return '';
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return `<a href="#${anchor(`schema ${name}`)}">${text(name)}</a>`;
  }
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return choices.map(shape).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `<code>${text(String(value))}</code>`).join(' or ');
  if (schema.const !== undefined) return `<code>${text(JSON.stringify(schema.const))}</code>`;
  if (schema.type === 'array') return `list of ${shape(schema.items)}`;
  if (schema.properties !== undefined) return `object ${describeSchema(schema)}`;
  const type = [schema.type ?? 'anything'].flat().join(' or ');
  const limits = constraints
    .filter((name) => schema[name] !== undefined)
    .map((name) => `${name} ${String(schema[name])}`);
  const more = [schema.format, ...limits].filter((part) => part !== undefined).join(', ');
  return `${text(type)}${more === '' ? '' : ` <span class="soft">${text(more)}</span>`}`;
}

const rows = (cells: readonly (readonly string[])[]): string =>
  `<table>${cells.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('\n')}</table>`;

const anchor = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
