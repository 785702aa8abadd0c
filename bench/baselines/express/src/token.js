// Bearer tokens: HS256, the caller's number in `sub`, `role` as Martlet reads it.
import { createSecretKey } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { Problem } from './problem.js';
import settings from './settings.js';

// A key object is read once; a string would be turned into one for every token.
const key = createSecretKey(settings.JWT_SECRET, 'utf8');
const rules = { algorithms: ['HS256'] };
const SCHEME = 'Bearer ';

export function identify(request, response, next) {
  const { authorization } = request.headers;
  if (authorization === undefined || !authorization.startsWith(SCHEME)) throw new Problem(401, 'a token is needed');
  request.caller = callerOf(authorization.slice(SCHEME.length));
  next();
}

export function serviceOnly(request, response, next) {
  if (request.caller.role !== 'service_role') throw new Problem(403, 'for the service only');
  next();
}

function callerOf(token) {
  try {
    const { sub, role } = jwt.verify(token, key, rules);
    return { id: Number(sub), role };
  } catch {
    throw new Problem(401, 'the token is not valid');
  }
}
