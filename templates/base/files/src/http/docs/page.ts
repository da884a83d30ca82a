import type { openApiDocument } from '../../openapi.ts';
import { escapeMarkup as text } from '../escape-markup.ts';
import { curlExample } from './example.ts';
import { anchor, describeSchema, prose, resolveSchema, type Schema, type Schemas, shape, table } from './schema.ts';
import { contentSecurityPolicy, style } from './style.ts';

type Document = ReturnType<typeof openApiDocument>;

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

/** What the description of one operation shares with the others. */
interface Shared {
  readonly schemas: Schemas;
  /** The header that says who is asking, for a shell. */
  readonly credential: string;
}

/** The OpenAPI document as a page for people; made once, when the application starts. */
export function docsPage(document: Document): {
  readonly headers: Readonly<Record<string, string>>;
  readonly html: string;
} {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
  );
  const schemas = (document.components?.schemas ?? {}) as Schemas;
  const ways = credentials(document);
  const shared = { schemas, credential: ways[0]?.example ?? '' };
  const tags = [...new Set(operations.map(({ operation }) => operation.tags?.[0] ?? ''))];
  const sections = [
    { title: 'Credentials', body: table(ways.map(({ name, header }) => [text(name), `<code>${text(header)}</code>`])) },
    ...tags.map((tag) => ({
      title: tag,
      body: operations
        .filter(({ operation }) => (operation.tags?.[0] ?? '') === tag)
        .map((each) => describeOperation(each, shared))
        .join('\n'),
    })),
    { title: 'Schemas', body: Object.entries(schemas).map(describeNamed).join('\n') },
  ];
  const { title, description } = document.info;
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${text(title)}</h1>
<p>${prose(description)} The same as a machine reads it: <a href="/openapi.json">openapi.json</a>.</p>
</header>
<nav aria-label="Sections"><ul>${sections.map((section) => `<li><a href="#${anchor(section.title)}">${text(section.title)}</a></li>`).join('')}</ul></nav>
<main>
${sections.map((section) => `<h2 id="${anchor(section.title)}">${text(section.title)}</h2>\n${section.body}`).join('\n')}
</main>
</body>
</html>
`;
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': contentSecurityPolicy };
  return { headers, html };
}

/** Each way to say who is asking: its name, its header, and that with a variable of a shell. */
function credentials({ components }: Document): { name: string; header: string; example: string }[] {
  const schemes = (components?.securitySchemes ?? {}) as Record<string, { readonly name?: string }>;
  return Object.entries(schemes).map(([name, scheme]) =>
    scheme.name === undefined
      ? { name, header: 'Authorization: Bearer <token>', example: 'Authorization: Bearer $TOKEN' }
      : { name, header: `${scheme.name}: <key>`, example: `${scheme.name}: $API_KEY` },
  );
}

function describeOperation(
  of: { readonly path: string; readonly method: string; readonly operation: Operation },
  { schemas, credential }: Shared,
): string {
  const { path, method, operation } = of;
  const { parameters = [], requestBody, responses = {}, summary = '', operationId = '' } = operation;
  const body = schemaOf(requestBody);
  const parts: string[] = [];
  if (parameters.length > 0) {
    const rows = parameters.map((each) => [
      `<code>${text(each.name)}</code>`,
      `${text(each.in)}${each.required === true ? ', required' : ''}`,
      `${shape(each.schema ?? {})} ${prose(each.description)}`,
    ]);
    parts.push(`<h3>Parameters</h3>\n${table(rows)}`);
  }
  if (body !== undefined) parts.push(`<h3>Body</h3>\n${unfolded(body, schemas)}`);
  parts.push(`<h3>Example</h3>\n<pre>${text(curlExample({ method, path, body }, credential, schemas))}</pre>`);
  const answers = Object.entries(responses).map(([status, response]) => {
    const schema = schemaOf(response);
    const shown = schema && (status.startsWith('2') ? unfolded(schema, schemas) : shape(schema));
    return [text(status), `${prose(response.description)} ${shown ?? ''}`];
  });
  parts.push(`<h3>Answers</h3>\n${table(answers)}`);
  return `<details id="${anchor(operationId)}">
<summary><span class="method">${text(method.toUpperCase())}</span> <span class="path">${text(path)}</span> <span class="soft">${text(summary)}</span></summary>
${parts.join('\n')}
</details>`;
}

/** A schema and, when it has a name, what that stands for. */
function unfolded(schema: Schema, schemas: Schemas): string {
  const meant = resolveSchema(schema, schemas);
  return `${meant === schema ? '' : shape(schema)}\n${describeSchema(meant)}`;
}

const describeNamed = ([name, schema]: [string, Schema]): string =>
  `<h3 id="${anchor(`schema ${name}`)}">${text(name)}</h3>\n<p>${prose(schema.description)}</p>\n${describeSchema(schema)}`;

const schemaOf = (part: Content | undefined): Schema | undefined => Object.values(part?.content ?? {})[0]?.schema;
