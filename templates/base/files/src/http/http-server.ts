import { createServer, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { answerUnreadable, problemAnswer } from './unreadable.ts';

/** Idle connections are closed after this, later than a load balancer in front would. */
const keepAliveTimeout = 72_000;
/**
 * How often Node looks for requests that take too long to arrive: 30 seconds by default, as long as a slow client could
 * stay.
 */
const connectionsCheckingInterval = 1000;

// What V8 sees of the first requests can make it believe that a request's objects live long. It would make them in the
// old generation then, where they and all that they hold wait for a long pause, and each short one copies more.
setFlagsFromString('--no-allocation-site-pretenuring');

/** The server below the framework. What Node would answer by itself, without a body, is a problem document here. */
export function createHttpServer(
  handle: RequestListener,
  { requestTimeoutMs }: { readonly requestTimeoutMs: number },
  messages: Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> = {},
): Server {
  const options = { ...messages, requestTimeout: requestTimeoutMs, keepAliveTimeout, connectionsCheckingInterval };
  const server = createServer({ ...options, requireHostHeader: false }, (request, response) => {
    const { httpVersion, headers, url = '' } = request;
    // RFC 9112 section 3.2. The parser takes version 0.9, too.
    const valid = httpVersion === '1.1' ? headers.host !== undefined : httpVersion === '1.0';
    if (valid && namesNoOtherHost(url, headers.host)) handle(request, response);
    else refuse(response, 400);
  });
  server.on('checkExpectation', (_request, response) => refuse(response, 417));
  // A tunnel, which only proxies make. There is no response to answer with.
  server.on('connect', (_request, socket) => answerUnreadable(new Error('CONNECT'), socket));
  return server;
}

/** A URL may name a host, too (RFC 9112 section 3.2.2): whoever is in front may go by the one, and we by the other. */
function namesNoOtherHost(url: string, host = ''): boolean {
  if (url.startsWith('/')) return true;
  const [, named] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url) ?? [];
  return named === undefined || named.toLowerCase() === host.toLowerCase();
}

function refuse(response: ServerResponse, status: number): void {
  const { headers, body } = problemAnswer(status);
  response.writeHead(status, headers).end(body);
}
