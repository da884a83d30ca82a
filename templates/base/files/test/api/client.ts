/** An answer, read whole. */
export interface Answer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

type Headers_ = Readonly<Record<string, string>>;

/** Talks to the API with fixed headers, over the network: whatever framework answers. */
export function apiClient(url: string, headers: Headers_ = {}) {
  async function call<Body>(method: string, path: string, body?: unknown, more: Headers_ = {}): Promise<Answer<Body>> {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers, ...more },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as Body };
  }
  type Json = Record<string, unknown>;
  return {
    get: <Body = Json>(path: string, more?: Headers_) => call<Body>('GET', path, undefined, more),
    post: <Body = Json>(path: string, body?: unknown, more?: Headers_) => call<Body>('POST', path, body, more),
    patch: <Body = Json>(path: string, body?: unknown, more?: Headers_) => call<Body>('PATCH', path, body, more),
    delete: <Body = Json>(path: string, more?: Headers_) => call<Body>('DELETE', path, undefined, more),
  };
}

export type ApiClient = ReturnType<typeof apiClient>;
