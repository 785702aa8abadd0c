// Sends JSON that is text already.
import { Problem } from './problem.js';

export function sendText(response, text) {
  if (text === null) throw new Problem(404, 'there is no such thing');
  response.set('Content-Type', 'application/json; charset=utf-8');
  response.send(text);
}
