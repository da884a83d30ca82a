import type { DatabaseConnection, QueryExecutor } from 'kysely';

/**
 * An executor that hands queries to the one connection that there is. Kysely's own acquires a connection for each,
 * which is most of what it does at that point. Plugins, where somebody adds some, see results as ever.
 */
export function directExecutor(base: QueryExecutor, connection: DatabaseConnection): QueryExecutor {
  const direct = (other: QueryExecutor) => directExecutor(other, connection);
  return {
    adapter: base.adapter,
    plugins: base.plugins,
    transformQuery: (node, queryId) => base.transformQuery(node, queryId),
    compileQuery: (node, queryId) => base.compileQuery(node, queryId),
    executeQuery: (query) => (base.plugins.length > 0 ? base.executeQuery(query) : connection.executeQuery(query)),
    stream: (query, size) => base.stream(query, size),
    provideConnection: (consumer) => base.provideConnection(consumer),
    withConnectionProvider: (provider) => direct(base.withConnectionProvider(provider)),
    withPlugin: (plugin) => direct(base.withPlugin(plugin)),
    withPlugins: (plugins) => direct(base.withPlugins(plugins)),
    withPluginAtFront: (plugin) => direct(base.withPluginAtFront(plugin)),
    withoutPlugins: () => direct(base.withoutPlugins()),
  };
}
