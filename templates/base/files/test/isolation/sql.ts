/** A value as SQL text, so that a statement can be shown and run as it is. */
export function literal(value: string | null): string {
  if (value === null) return 'null';
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? `e${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A question to the catalog as it can be pasted: in one line, without the lines that are comments. */
export function statement(sql: string): string {
  const lines = sql.split('\n').map((line) => line.trim());
  return `${lines.filter((line) => line !== '' && !line.startsWith('--')).join(' ')};`;
}

/** Column values as PostgreSQL reads and writes them. */
export type Values = Readonly<Record<string, string | null>>;

/** `insert into t (...) values (...)`; identity columns take the given values. */
export function insertSql(table: string, values: Values, rest = ''): string {
  const columns = Object.keys(values).map(identifier).join(', ');
  const row = Object.values(values).map(literal).join(', ');
  return `insert into ${table} (${columns}) overriding system value values (${row})${rest}`;
}

/** `a = 1 and b is null`. */
export function equals(values: Values, prefix = ''): string {
  return Object.entries(values)
    .map(([name, value]) =>
      value === null ? `${prefix}${identifier(name)} is null` : `${prefix}${identifier(name)} = ${literal(value)}`,
    )
    .join(' and ');
}

export function pick(values: Values, columns: readonly string[]): Values {
  return Object.fromEntries(columns.map((column) => [column, values[column] ?? null]));
}
