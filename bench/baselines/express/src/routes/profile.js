import { sendText } from '../answer.js';
import { cached } from '../cache.js';
import { database } from '../database.js';

const select = { id: true, email: true, name: true, avatar: true };

export async function showProfile(request, response) {
  const { id } = request.caller;
  const text = await cached(`profile:${id}`, async () => {
    const user = await database.user.findUnique({ where: { id }, select });
    return user === null ? null : JSON.stringify(user);
  });
  sendText(response, text);
}
