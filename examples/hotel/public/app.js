// The whole page: no framework, no build. Queries are GET, actions POST, both under /rest/v1/rpc.

const STAY_NIGHTS_MAX = 30;
const DAY_MS = 86_400_000;

const token = takeToken();
const roomTypes = new Map();
let shown = null;

const find = (id) => document.getElementById(id);
const search = find('search');
const money = new Intl.NumberFormat(undefined, { style: 'currency', currency: 'EUR' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

start();

async function start() {
  const tomorrow = addDays(new Date().toISOString().slice(0, 10), 1);
  search.check_in.value = tomorrow;
  search.check_out.value = addDays(tomorrow, 2);
  boundDeparture();
  search.check_in.addEventListener('change', boundDeparture);
  search.guests.addEventListener('change', () => shown && showRooms());
  search.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(event.submitter, async () => {
      await loadRooms();
      find('rooms').focus();
    });
  });
  find('who').textContent = token
    ? `Signed in as ${nameOf(token)}`
    : 'Looking around: to book, open the link with a token that martlet dev prints.';
  await attempt(null, async () => {
    for (const type of await query('room_types')) roomTypes.set(type.id, type);
    await loadRooms();
    await loadBookings();
  });
}

// ---- talking to the server

/** The token of the link, out of the address bar at once, so that it is neither bookmarked nor shared. */
function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const given = fragment.get('access_token') ?? fragment.get('token');
  if (given) {
    sessionStorage.setItem('token', given);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return given ?? sessionStorage.getItem('token');
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

async function request(url, options) {
  const headers = { Accept: 'application/json', ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(url, { ...options, headers });
  } catch {
    const lost = new Refusal('The hotel cannot be reached. Is the server running?');
    lost.isLost = true;
    throw lost;
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    throw new Refusal(`The answer cannot be read (status ${response.status}).`);
  }
  if (response.ok) return body;
  if (response.status === 401 && token) {
    sessionStorage.removeItem('token');
    throw new Refusal('Your link is no longer good. Start martlet dev again and open the new one.');
  }
  if (response.status === 401) throw new Refusal('Please sign in first: open the link that martlet dev prints.');
  const details = Array.isArray(body?.details) ? body.details.map((detail) => detail.message) : [];
  throw new Refusal(body?.message ?? `It did not work (status ${response.status}).`, details);
}

class Refusal extends Error {
  constructor(message, details = []) {
    super(message);
    this.details = details.length > 1 ? details : [];
  }
}

/** Runs something with its button disabled, and shows what went wrong. */
async function attempt(button, work) {
  if (button) button.disabled = true;
  notice(null);
  try {
    await work();
  } catch (error) {
    notice(error instanceof Refusal ? error : new Refusal('Something went wrong on this page.'));
    if (!(error instanceof Refusal)) console.error(error);
  } finally {
    if (button) button.disabled = false;
  }
}

// ---- rooms

async function loadRooms() {
  const stay = { check_in: search.check_in.value, check_out: search.check_out.value };
  if (!stay.check_in || !stay.check_out) throw new Refusal('Please give both days.');
  shown = { ...stay, rooms: await query('availability', stay) };
  showRooms();
}

function showRooms() {
  const nights = nightsBetween(shown.check_in, shown.check_out);
  const guests = Number(search.guests.value);
  const fitting = shown.rooms.filter((room) => (roomTypes.get(room.id)?.capacity ?? guests) >= guests);
  const open = fitting.filter((room) => room.free > 0).length;
  find('stay').textContent =
    `${day.format(new Date(shown.check_in))} to ${day.format(new Date(shown.check_out))}, ${count(nights, 'night')}: ` +
    `${count(open, 'room type')} free`;
  find('rooms').replaceChildren(
    ...(fitting.length ? fitting.map((room) => roomCard(room, nights)) : [empty('No room sleeps so many.')]),
  );
}

function roomCard(room, nights) {
  const type = roomTypes.get(room.id);
  const book = element('button', { type: 'button', className: 'primary', textContent: room.free > 0 ? 'Book' : 'Sold out' });
  book.disabled = room.free <= 0 || !token;
  book.setAttribute('aria-label', `${book.textContent} ${room.name}`);
  book.addEventListener('click', () => attempt(book, () => bookRoom(room)));
  const card = element('li', { className: 'room' },
    element('h3', { textContent: room.name }),
    element('p', { textContent: [type?.description, type && `sleeps\u00a0${type.capacity}`].filter(Boolean).join(', ') }),
    element('p', {}, freeTag(room.free)),
    element('footer', {},
      element('p', { className: 'price' },
        element('strong', { textContent: money.format((room.price_cents * nights) / 100) }),
        `${money.format(room.price_cents / 100)} a night`),
      book));
  card.dataset.roomType = room.id;
  card.style.setProperty('--hue', String((room.id * 47) % 360));
  return card;
}

function freeTag(free) {
  if (free <= 0) return element('span', { className: 'tag bad', textContent: 'none free' });
  return element('span', { className: free <= 3 ? 'tag wait' : 'tag good', textContent: `${free} free` });
}

async function bookRoom(room) {
  const stay = { check_in: shown.check_in, check_out: shown.check_out };
  try {
    const booking = await actOnce('book_room', { room_type_id: room.id, ...stay });
    notice({ message: `Booked: ${room.name}, ${count(booking.nights, 'night')}, ${money.format(booking.total_cents / 100)}.` }, 'good');
  } finally {
    // Also after a refusal: somebody else may have taken the last room.
    await Promise.all([loadRooms(), loadBookings()]);
  }
}

// ---- the guest's own bookings

async function loadBookings() {
  if (!token) return;
  showBookings(await query('my_bookings'), []);
}

/** A page of bookings behind those that are shown. */
function showBookings(page, before) {
  const shownRows = [...before, ...page.items.map(bookingRow)];
  find('mine').hidden = false;
  const number = shownRows.length;
  find('mine-count').textContent = number ? `${count(number, 'booking')}${page.has_more ? ' and more' : ''}` : '';
  find('bookings').replaceChildren(...(number ? shownRows : [empty('Nothing booked yet.')]));
  const more = find('more');
  more.hidden = !page.has_more;
  more.onclick = () => attempt(more, async () => {
    const next = await query('my_bookings', { cursor: page.next_cursor });
    showBookings(next, shownRows);
  });
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
    const payment = await act('pay_booking', { booking_id: booking.id, method });
    const message = payment.status === 'paid'
      ? `Paid: ${money.format(payment.amount_cents / 100)}.`
      : `Noted: ${money.format(payment.amount_cents / 100)} in cash at the desk.`;
    notice({ message }, 'good');
  } finally {
    await loadBookings();
  }
}

async function cancel(booking) {
  if (!(await confirmed(`${booking.room_type}, arriving ${day.format(new Date(booking.check_in))}.`))) return;
  try {
    await act('cancel_booking', { booking_id: booking.id });
    notice({ message: `Cancelled: ${booking.room_type}.` }, 'good');
  } finally {
    await Promise.all([loadRooms(), loadBookings()]);
  }
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
  box.replaceChildren(news?.message ?? '', ...details);
  if (news) box.scrollIntoView({ block: 'nearest' });
}

/** Texts go in as text, never as HTML. */
function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function empty(textContent) {
  return element('li', { className: 'empty', textContent });
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
