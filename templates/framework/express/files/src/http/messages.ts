import { IncomingMessage, ServerResponse } from 'node:http';
import type { Express } from 'express';

/**
 * Classes whose objects are what Express would make of each request and response. It replaces their prototypes when
 * they arrive, and V8 forgets then what it knows of such objects: that takes more time than all else that Express does.
 * An object that has the right prototype already is left as it is.
 */
export function messagesOf(app: Express) {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {}
  const prototypes = app as unknown as { request: IncomingMessage; response: ServerResponse };
  Object.setPrototypeOf(ExpressRequest.prototype, prototypes.request);
  Object.setPrototypeOf(ExpressResponse.prototype, prototypes.response);
  prototypes.request = ExpressRequest.prototype;
  prototypes.response = ExpressResponse.prototype;
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
