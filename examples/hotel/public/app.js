// The whole page: no framework, no build. Queries are GET, actions POST, both under /rest/v1/rpc; then it follows what
// it shows (live.js).

import { clockTime, follow, isOlder, milliseconds, origin, told, toldNow } from './live.js';

const STAY_NIGHTS_MAX = 30;
const DAY_MS = 86_400_000;
const ANSWER_WITHIN_MS = 20_000;
const SIGNED_OUT = 'Your link is no longer good. Start martlet dev again and open the new one.';

let token = takeToken();
const roomTypes = new Map();
/** The stay that is shown: its days, and the newest answer. */
let shown = null;
/** The guest's bookings by id: the newest page as it is followed, and those that were asked for behind it. */
const bookings = new Map();
let behind = null;
/** Ends the stream that is followed. */
let unfollow = () => {};
let isLive = false;
let searches = 0;

const find = (id) => document.getElementById(id);
const search = find('search');
const money = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'EUR' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

class Refusal extends Error {
  constructor(message, details = []) {
    super(message);
    this.details = details.length > 1 ? details : [];
  }
}

start();

async function start() {
  const today = new Date().toISOString().slice(0, 10);
  search.check_in.min = today;
  search.check_in.value = addDays(today, 1);
  search.check_out.value = addDays(today, 3);
  boundDeparture();
  search.check_in.addEventListener('change', boundDeparture);
  search.guests.addEventListener('change', () => shown && showRooms());
  search.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(null, async () => {
      if (await loadRooms(stayOfForm())) find('rooms').focus();
    });
  });
  find('more').addEventListener('click', () => attempt(find('more'), loadMore));
  await showAll();
}

async function showAll() {
  const asked = token;
  showWho();
  const isWhole = await attempt(null, async () => {
    const [types] = await Promise.all([query('room_types'), loadBookings()]);
    for (const type of types.body) roomTypes.set(type.id, type);
    await loadRooms(stayOfForm());
  });
  // The link was no longer good: that is said, and the rooms are there for anyone.
  if (!isWhole && asked && !token) {
    await showAll();
    notice(new Refusal(SIGNED_OUT));
  }
}

function showWho() {
  find('who').textContent = token
    ? `Signed in as ${nameOf(token)}`
    : 'Looking around: to book, open the link with a token that martlet dev prints.';
}

// ---- live: what is shown changes as it changes in the hotel

/** One stream: without a token the rooms alone, with one the rooms and the guest's bookings, always as of one moment. */
function followStay() {
  unfollow();
  const stay = { check_in: shown.check_in, check_out: shown.check_out };
  const queries = [{ name: 'availability', args: stay }, { name: 'my_bookings' }];
  const isGuest = token !== null;
  const request = isGuest
    ? { url: '/rest/v1/batch', headers: { Authorization: `Bearer ${token}` }, body: { queries } }
    : { url: `/rest/v1/rpc/availability?${new URLSearchParams(stay)}` };
  unfollow = follow(request, {
    answer(data, position) {
      const [rooms, page] = isGuest ? data.map((part) => part.status === 200 && part.body) : [data];
      // One of the two could not be told: what is shown of it may be old.
      if (isGuest && !(rooms && page)) showLive('away');
      if (rooms) takeRooms(rooms, position, toldNow());
      if (page) takeBookings(page, position, toldNow());
    },
    state: showLive,
  });
}

function showLive(state, reason) {
  isLive = state === 'live';
  const text = {
    live: 'Live',
    away: `Offline since ${clockTime()}, trying again`,
    over: 'No longer live',
  }[state];
  if (find('live').dataset.state === state) return;
  find('live').dataset.state = state;
  find('live').textContent = text;
  if (state !== 'over') return;
  if (!/^PGRST30/.test(reason.code) || !token) return notice(reason);
  signOut();
  notice(new Refusal(SIGNED_OUT));
}

// ---- talking to the server

/** The token of the link, out of the address bar at once, so that it is neither bookmarked nor shared. */
function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get('access_token') ?? fragment.get('token');
  if (given) history.replaceState(null, '', location.pathname + location.search);
  // Where the browser keeps nothing, the token is good until the page is left.
  try {
    if (given) sessionStorage.setItem('token', given);
    return given ?? sessionStorage.getItem('token');
  } catch {
    return given;
  }
}

function signOut() {
  token = null;
  try {
    sessionStorage.removeItem('token');
  } catch {
    // Nothing was kept.
  }
  showMine(false);
  showWho();
  if (!shown) return;
  followStay();
  showRooms();
}

function query(name, args = {}) {
  const parameters = new URLSearchParams(args).toString();
  return request(`/rest/v1/rpc/${name}${parameters && '?'}${parameters}`, { method: 'GET' });
}

function act(name, args, headers = {}) {
  return request(`/rest/v1/rpc/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(args),
  });
}

/** An action that is `@idempotent`: when the answer is lost on its way, the same call with the same key brings it. */
async function actOnce(name, args) {
  const key = { 'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
  try {
    return await act(name, args, key);
  } catch (refusal) {
    if (!refusal.isLost) throw refusal;
    return act(name, args, key);
  }
}

/** The answer's body, the state that it shows, and where it came from in what time. */
async function request(url, options) {
  const headers = { Accept: 'application/json', ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  const begun = performance.now();
  let response;
  let text;
  try {
    response = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    text = await response.text();
  } catch {
    const lost = new Refusal('The hotel cannot be reached. Is the server running?');
    lost.isLost = true;
    throw lost;
  }
  const from = origin(response, begun);
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    throw new Refusal(`The answer cannot be read (status ${response.status}).`);
  }
  if (response.ok) return { body, from, position: response.headers.get('Martlet-Position') };
  if (response.status === 401 && token) {
    signOut();
    throw new Refusal(SIGNED_OUT);
  }
  if (response.status === 401) throw new Refusal('Please sign in first: open the link that martlet dev prints.');
  const details = Array.isArray(body?.details) ? body.details.map((detail) => detail.message) : [];
  throw new Refusal(body?.message ?? `It did not work (status ${response.status}).`, details);
}

/** Runs something, its button taking no second click meanwhile, shows what went wrong, and tells whether it went well. */
async function attempt(button, work) {
  // Not `disabled`, which would take the focus away.
  if (button?.ariaDisabled === 'true') return false;
  if (button) button.ariaDisabled = 'true';
  notice(null);
  try {
    await work();
    return true;
  } catch (error) {
    notice(error instanceof Refusal ? error : new Refusal('Something went wrong on this page.'));
    if (!(error instanceof Refusal)) console.error(error);
    return false;
  } finally {
    if (button) button.ariaDisabled = null;
  }
}

// ---- rooms

function stayOfForm() {
  const stay = { check_in: search.check_in.value, check_out: search.check_out.value };
  if (!stay.check_in || !stay.check_out) throw new Refusal('Please give both days.');
  return stay;
}

/** Asks for a stay, and follows it. False when another search has begun meanwhile. */
async function loadRooms({ check_in, check_out }) {
  const stay = { check_in, check_out };
  searches += 1;
  const mine = searches;
  find('rooms').ariaBusy = 'true';
  try {
    const { body, from, position } = await query('availability', stay);
    if (mine !== searches) return false;
    shown = stay;
    takeRooms(body, position, told(from));
    followStay();
    return true;
  } finally {
    if (mine === searches) find('rooms').ariaBusy = 'false';
  }
}

function takeRooms(rooms, position, from) {
  if (isOlder(position, shown.position)) return;
  shown.position = position;
  // The stream begins with the answer that is shown already.
  if (JSON.stringify(rooms) === JSON.stringify(shown.rooms)) return;
  shown.rooms = rooms;
  find('rooms-from').textContent = from;
  showRooms();
}

function showRooms() {
  const nights = nightsBetween(shown.check_in, shown.check_out);
  const guests = Number(search.guests.value);
  const fitting = shown.rooms.filter((room) => (roomTypes.get(room.id)?.capacity ?? guests) >= guests);
  const open = fitting.filter((room) => room.free > 0).length;
  say('stay', `${day.format(new Date(shown.check_in))} to ${day.format(new Date(shown.check_out))}, ${count(nights, 'night')}: ` +
    `${count(open, 'room type')} free`);
  const cards = keyed(find('rooms'), fitting, roomCard, 'No room sleeps so many.');
  for (const [index, room] of fitting.entries()) showRoom(cards[index], room, nights);
}

/** A card without its numbers: those change while it stays, with what has the focus. */
function roomCard(room) {
  const type = roomTypes.get(room.id);
  const book = element('button', { type: 'button', className: 'primary' });
  book.addEventListener('click', () => attempt(book, () => bookRoom(room.id)));
  const card = element('li', { className: 'room' },
    element('h3', { textContent: room.name }),
    element('p', { textContent: [type?.description, type && `sleeps\u00a0${type.capacity}`].filter(Boolean).join(', ') }),
    element('p', {}, element('span')),
    element('footer', {}, element('p', { className: 'price' }, element('strong'), element('span')), book));
  card.dataset.roomType = room.id;
  card.tabIndex = -1;
  card.style.setProperty('--hue', String((room.id * 47) % 360));
  return card;
}

function showRoom(card, room, nights) {
  const tag = card.querySelector('p > span');
  const text = room.free > 0 ? `${room.free} free` : 'none free';
  const hasChanged = tag.textContent !== '' && tag.textContent !== text && card.dataset.stay === stayText();
  card.dataset.stay = stayText();
  tag.textContent = text;
  tag.className = `tag ${room.free > 3 ? 'good' : room.free > 0 ? 'wait' : 'bad'}`;
  if (hasChanged) flash(tag);
  card.querySelector('strong').textContent = money.format((room.price_cents * nights) / 100);
  card.querySelector('.price span').textContent = `${money.format(room.price_cents / 100)} a night`;
  const book = card.querySelector('button');
  book.textContent = room.free > 0 ? 'Book' : 'Sold out';
  // A button that cannot be pressed has no focus: who was on it stays at the room.
  const loses = room.free <= 0 && book === document.activeElement;
  book.disabled = room.free <= 0 || !token;
  if (loses) card.focus();
  book.setAttribute('aria-label', `${book.textContent} ${room.name}`);
}

function stayText() {
  return `${shown.check_in} ${shown.check_out}`;
}

async function bookRoom(id) {
  const { check_in, check_out } = shown;
  try {
    const { body, from } = await actOnce('book_room', { room_type_id: id, check_in, check_out });
    notice({
      message: `Booked: ${roomTypes.get(id)?.name ?? 'a room'}, ${count(body.nights, 'night')}, ${money.format(body.total_cents / 100)}.`,
      from,
    }, 'good');
  } finally {
    // Also after a refusal: somebody else may have taken the last room.
    await loadUnlessLive();
  }
}

/** The stream brings what an action has changed. Without it the page asks; that it cannot is said already. */
async function loadUnlessLive() {
  if (!isLive) await Promise.all([loadRooms(shown), loadBookings()]).catch(() => {});
}

// ---- the guest's own bookings

async function loadBookings() {
  if (!token) return;
  const { body, from, position } = await query('my_bookings');
  takeBookings(body, position, told(from));
}

/** The newest page. What was asked for behind it stays. */
function takeBookings(page, position, from) {
  if (isOlder(position, bookings.position)) return;
  bookings.position = position;
  behind ??= { next_cursor: page.next_cursor, has_more: page.has_more };
  if (addBookings(page.items)) find('mine-from').textContent = from;
}

async function loadMore() {
  const { body, from } = await query('my_bookings', { cursor: behind.next_cursor });
  behind = { next_cursor: body.next_cursor, has_more: body.has_more };
  const before = bookings.size;
  if (addBookings(body.items)) find('mine-from').textContent = told(from);
  // The button may be gone: who went by keyboard goes on at the first row that is new.
  if (bookings.size > before) find('bookings').children[before]?.focus();
}

/** Whether one of them is new or another than before. */
function addBookings(items) {
  const changed = items.filter((item) => JSON.stringify(item) !== JSON.stringify(bookings.get(item.id)));
  for (const booking of changed) bookings.set(booking.id, booking);
  if (changed.length || find('mine').hidden) showBookings(new Set(changed.map((booking) => booking.id)));
  return changed.length > 0;
}

function showBookings(changed) {
  const newestFirst = [...bookings.values()].sort((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at) || b.id - a.id);
  showMine(true);
  say('mine-count', bookings.size ? `${count(bookings.size, 'booking')}${behind.has_more ? ' and more' : ''}` : '');
  const list = find('bookings');
  for (const row of [...list.children].filter((row) => changed.has(Number(row.dataset.key)))) {
    const hasFocus = row.contains(document.activeElement);
    const news = bookingRow(bookings.get(Number(row.dataset.key)));
    news.dataset.key = row.dataset.key;
    row.replaceWith(news);
    if (hasFocus) news.focus();
  }
  keyed(list, newestFirst, bookingRow, 'Nothing booked yet.');
  find('more').hidden = !behind.has_more;
}

function showMine(isShown) {
  find('mine').hidden = !isShown;
  find('to-mine').hidden = !isShown;
}

function bookingRow(booking) {
  const isCancelled = booking.status === 'cancelled';
  const isOpen = !isCancelled && !['paid', 'pending'].includes(booking.payment_status);
  const buttons = element('div', { className: 'buttons' });
  const button = (text, className, work) => {
    const made = element('button', { type: 'button', className, textContent: text });
    made.setAttribute('aria-label', `${text}: ${booking.room_type}, ${booking.check_in}`);
    made.addEventListener('click', () => attempt(made, work));
    buttons.append(made);
  };
  if (isOpen) {
    button('Pay by card', 'primary', () => pay(booking, 'card'));
    button('Pay cash on arrival', 'quiet', () => pay(booking, 'cash'));
  }
  if (!isCancelled) button('Cancel', 'quiet', () => cancel(booking));
  const row = element('li', { className: `booking ${booking.status}` },
    element('div', {},
      element('h3', { textContent: booking.room_type }),
      element('p', {
        textContent: `${day.format(new Date(booking.check_in))} to ${day.format(new Date(booking.check_out))}, ` +
          `${count(booking.nights, 'night')}, ${money.format(booking.total_cents / 100)}`,
      }),
      element('div', { className: 'tags' }, ...tagsOf(booking))),
    buttons);
  row.dataset.booking = booking.id;
  row.tabIndex = -1;
  return row;
}

function tagsOf(booking) {
  const tag = (kind, textContent) => element('span', { className: `tag ${kind}`, textContent });
  const payment = {
    paid: () => tag('good', 'paid'),
    pending: () => tag('wait', 'cash on arrival'),
    refunded: () => tag('wait', 'refunded'),
  }[booking.payment_status];
  const status = booking.status === 'cancelled' ? tag('bad', 'cancelled') : tag('good', booking.status);
  if (payment) return [status, payment()];
  return booking.status === 'cancelled' ? [status] : [status, tag('wait', 'not paid')];
}

async function pay(booking, method) {
  try {
    const paid = await act('pay_booking', { booking_id: booking.id, method });
    change(booking, { payment_status: paid.body.status }, paid.position);
    const amount = money.format(paid.body.amount_cents / 100);
    notice({ message: method === 'card' ? `Paid: ${amount}.` : `Noted: ${amount} in cash at the desk.`, from: paid.from }, 'good');
  } finally {
    await loadUnlessLive();
  }
}

async function cancel(booking) {
  if (!(await confirmed(`${booking.room_type}, arriving ${day.format(new Date(booking.check_in))}.`))) return;
  try {
    const cancelled = await act('cancel_booking', { booking_id: booking.id });
    const payment_status = booking.payment_status === 'paid' ? 'refunded' : null;
    change(booking, { status: cancelled.body.status, payment_status }, cancelled.position);
    notice({ message: `Cancelled: ${booking.room_type}.`, from: cancelled.from }, 'good');
  } finally {
    await loadUnlessLive();
  }
}

/** What the guest has done is shown at once, also to a booking behind those that are followed. */
function change(booking, news, position) {
  addBookings([{ ...booking, ...news }]);
  if (!isOlder(position, bookings.position)) bookings.position = position;
}

function confirmed(text) {
  const ask = find('ask');
  find('ask-text').textContent = text;
  ask.returnValue = 'no';
  ask.showModal();
  return new Promise((resolve) => ask.addEventListener('close', () => resolve(ask.returnValue === 'yes'), { once: true }));
}

// ---- small things

function notice(news, kind = 'bad') {
  const box = find('notice');
  box.hidden = !news;
  box.className = `notice ${kind}`;
  box.setAttribute('role', kind === 'bad' ? 'alert' : 'status');
  const details = news?.details?.length
    ? [element('ul', {}, ...news.details.map((textContent) => element('li', { textContent })))]
    : [];
  if (news?.from?.server_ms) details.push(element('small', { textContent: `On the disk after ${milliseconds(news.from.server_ms)}.` }));
  box.replaceChildren(element('span', { textContent: news?.message ?? '' }), dismiss(), ...details);
  if (news) box.scrollIntoView({ block: 'nearest' });
}

function dismiss() {
  const button = element('button', { type: 'button', className: 'dismiss', textContent: '×', ariaLabel: 'Dismiss' });
  button.addEventListener('click', () => notice(null));
  return button;
}

/** Only news: a screen reader says every change. */
function say(id, text) {
  if (find(id).textContent !== text) find(id).textContent = text;
}

/** The list's children for these items, in order: those that are there stay, with what has the focus. */
function keyed(list, items, make, none) {
  if (!items.length) {
    list.replaceChildren(element('li', { className: 'empty', textContent: none }));
    return [];
  }
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const children = items.map((item) => {
    const child = known.get(String(item.id)) ?? make(item);
    child.dataset.key = item.id;
    return child;
  });
  for (const [index, child] of children.entries()) {
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  }
  while (list.children.length > children.length) list.lastChild.remove();
  return children;
}

/** Draws the eye to what has changed. */
function flash(box) {
  box.classList.remove('changed');
  requestAnimationFrame(() => box.classList.add('changed'));
}

/** Texts go in as text, never as HTML. */
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function addDays(date, days) {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);
}

function nightsBetween(from, to) {
  return Math.round((Date.parse(to) - Date.parse(from)) / DAY_MS);
}

/** Keeps the departure 1 to 30 nights after the arrival, as the server asks. */
function boundDeparture() {
  const arrival = search.check_in.value;
  if (!arrival) return;
  search.check_out.min = addDays(arrival, 1);
  search.check_out.max = addDays(arrival, STAY_NIGHTS_MAX);
  const departure = search.check_out.value;
  if (!departure || departure < search.check_out.min || departure > search.check_out.max) {
    search.check_out.value = addDays(arrival, 2);
  }
}

/** Only to show who is signed in; the server checks the token itself. */
function nameOf(jwt) {
  try {
    const bytes = Uint8Array.from(atob(jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return claims.name ?? claims.email ?? `guest ${String(claims.sub).slice(0, 8)}`;
  } catch {
    return 'a guest';
  }
}
