import express, { type RequestHandler } from 'express';
import { parse } from 'secure-json-parse';
import { Problem } from './problem.ts';

const json = /^application\/json[ \t]*(?:;|$)/i;

const hasBody = (method: string): boolean => method !== 'GET' && method !== 'HEAD';

const refuseOtherTypes: RequestHandler = (request, _response, next) => {
  const { 'content-type': type, 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers;
  if (type === undefined && length === '0' && encoding === undefined) return next();
  if (hasBody(request.method) && !json.test(type ?? '')) throw new Problem(415);
  next();
};

/** One reader for each limit that tenants have. */
const readers = new Map<number, RequestHandler>();

const readBytes: RequestHandler = (request, response, next) => {
  const limit = request.bodyBytes;
  const read = readers.get(limit) ?? express.raw({ type: () => true, limit, inflate: false });
  readers.set(limit, read);
  read(request, response, next);
};

const parseJson: RequestHandler = (request, _response, next) => {
  const bytes: unknown = request.body;
  request.body = undefined;
  if (Buffer.isBuffer(bytes) && bytes.length > 0 && hasBody(request.method)) {
    try {
      request.body = parse(bytes.toString('utf8'), { protoAction: 'error', constructorAction: 'error' });
    } catch (error) {
      throw new Problem(400, undefined, { cause: error });
    }
  }
  next();
};

/** JSON is the only kind of body. An empty one is none: many clients announce JSON with every request, a DELETE too. */
export const readJson: readonly RequestHandler[] = [refuseOtherTypes, readBytes, parseJson];
