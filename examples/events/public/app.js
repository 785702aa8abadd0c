// The whole page: no framework, no build. With `?token=` it is an event's page, without it the one that makes events.

import { clockTime, follow, isOlder, origin, told, toldNow } from './live.js';

const SAVE_AFTER_MS = 300;
const SAVE_AGAIN_MS = 1_000;
const SAVE_AGAIN_MAX_MS = 15_000;
const ANSWER_WITHIN_MS = 20_000;
const RECENT_MAX = 20;

const token = new URLSearchParams(location.search).get('token');
const accessToken = takeAccessToken();
const find = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const shortDay = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

/** The document of the query, and the state of the data that it shows. */
let shown = null;
let position = null;
/** This guest; his marks as that state has them, and as he has clicked them. */
let guest = null;
let saved = new Set();
let marks = new Set();
/** A save that waits for its moment, one that runs, and the commit that the newest has made. */
let unsaved = null;
let isSaving = false;
let savedAt = null;
let saveAgain = SAVE_AGAIN_MS;
/** Ends the stream that is followed. */
let unfollow = () => {};
let isLive = false;

class Refusal extends Error {
  constructor(message, { details = [], status = 0, isLost = false } = {}) {
    super(message);
    this.isLost = isLost;
    this.details = details.length > 1 ? details : [];
    this.status = status;
  }
}

if (token === null) showStart();
else openEvent();

// ---- making an event

async function showStart() {
  find('start').hidden = false;
  const form = find('create');
  form.day.value = localDay(new Date(Date.now() + 86_400_000));
  form.addEventListener('submit', (submit) => {
    submit.preventDefault();
    attempt(submit.submitter, () => createEvent(form));
  });
  await attempt(null, async () => {
    const own = accessToken ? (await query('my_events')).body : [];
    const known = new Map([...own, ...recent()].map((event) => [event.token, event]));
    find('known').hidden = known.size === 0;
    find('known-events').replaceChildren(...[...known.values()].map((event) =>
      element('li', {}, element('a', { href: `./?token=${encodeURIComponent(event.token)}`, textContent: event.title }))));
  });
}

async function createEvent(form) {
  const startsAt = new Date(`${form.day.value}T${form.time.value}`);
  if (Number.isNaN(startsAt.getTime())) throw new Refusal('Please give the day and the time of the first block.');
  const args = {
    title: form.title.value,
    starts_at: startsAt.toISOString(),
    blocks: form.blocks.valueAsNumber,
    block_minutes: Number(form.block_minutes.value),
    time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
  if (form.description.value.trim()) args.description = form.description.value;
  const { body: made } = await actOnce('create_event', args);
  remember(made);
  location.assign(`./?token=${made.token}`);
}

// ---- an event

async function openEvent() {
  find('event').hidden = false;
  find('join').addEventListener('submit', (submit) => {
    submit.preventDefault();
    attempt(submit.submitter, joinEvent);
  });
  find('share').addEventListener('click', () => attempt(null, copyLink));
  find('blocks').addEventListener('keydown', moveFocus);
  const isOpen = await attempt(null, async () => {
    await Promise.all([loadEvent(), loadGuest()]);
    remember(shown);
    showEvent();
  });
  if (!isOpen) {
    find('event').hidden = !shown;
    if (!shown) return;
  }
  followEvent();
  // A mark that waits for its moment goes now, or it would be lost with the page.
  addEventListener('pagehide', () => unsaved && save({ keepalive: true }));
}

/** The query `event` by its route. */
async function loadEvent() {
  if (!/^[0-9a-f]{32}$/.test(token)) throw new Refusal('There is no such event. Is the link whole?');
  const answer = await request(`/api/events/${token}`, { method: 'GET' });
  takeEvent(answer.body, answer.position, told(answer.from));
}

async function loadGuest() {
  const key = keptKey();
  if (!key) return;
  try {
    // By POST: a key in a URL would end in logs.
    const { body } = await act('my_marks', { session_key: key });
    guest = { ...body, session_key: key };
    saved = new Set(body.block_ids);
    marks = new Set(saved);
  } catch (refusal) {
    if (refusal.status !== 404 && refusal.status !== 400) throw refusal;
    forgetKey();
  }
}

// ---- live: what others mark is shown as they mark it

/** One stream: of the event, and once there is a guest of his own marks with it, always as of one moment. */
function followEvent() {
  unfollow();
  const queries = [
    { name: 'event', args: { token } },
    { name: 'my_marks', args: { session_key: guest?.session_key } },
  ];
  const isGuest = guest !== null;
  const request = isGuest ? { url: '/rest/v1/batch', headers: authorization(), body: { queries } } : { url: `/api/events/${token}` };
  unfollow = follow(request, {
    answer(data, at) {
      if (isGuest) takeBoth(data, at);
      else takeEvent(data, at, toldNow());
      showEvent();
    },
    state: showLive,
  });
}

function takeBoth([event, mine], at) {
  // One of the two could not be told: what is shown of it may be old.
  if (event.status !== 200 || mine.status !== 200) showLive('away');
  // The session has ended: join anew.
  if (mine.status === 404 || mine.status === 400) {
    forgetKey();
    followEvent();
  } else if (mine.status === 200 && !isOlder(at, position)) {
    saved = new Set(mine.body.block_ids);
    // Clicks that this state does not have yet stay as they were clicked.
    if (!unsaved && !isSaving && !isOlder(at, savedAt)) marks = new Set(saved);
  }
  if (event.status === 200) takeEvent(event.body, at, toldNow());
}

function takeEvent(event, at, from) {
  if (isOlder(at, position)) return;
  position = at;
  // The stream begins with the answer that is shown already.
  if (shown && JSON.stringify(event) === JSON.stringify(shown)) return;
  shown = event;
  find('from').textContent = from;
}

function showLive(state, reason) {
  isLive = state === 'live';
  if (find('live').dataset.state === state) return;
  if (isLive && unsaved) save();
  find('live').dataset.state = state;
  find('live').textContent = {
    live: 'Live',
    away: `Offline since ${clockTime()}, trying again`,
    over: 'No longer live',
  }[state];
  if (state === 'over') notice(reason);
}

function showEvent() {
  document.title = shown.title;
  find('title').textContent = shown.title;
  find('description').textContent = shown.description ?? '';
  find('zone').textContent = `Times are those of ${Intl.DateTimeFormat().resolvedOptions().timeZone}.`;
  find('joining').hidden = guest !== null;
  find('people-count').textContent = count(shown.participants.length, 'person', 'people');
  find('people').replaceChildren(...shown.participants.map((person) => {
    const isMe = person.id === guest?.participant_id;
    return element('li', { className: isMe ? 'me' : '', textContent: isMe ? `${person.name} (you)` : person.name });
  }));
  showBlocks();
}

/** The buttons stay as they are made, so that a refresh takes no focus away. */
function showBlocks() {
  const box = find('blocks');
  const ids = shown.blocks.map((block) => block.id).join();
  if (box.dataset.ids !== ids) {
    box.dataset.ids = ids;
    const days = grouped(shown.blocks, (block) => day.format(new Date(block.starts_at)));
    box.replaceChildren(...[...days].map(([name, blocks]) =>
      element('div', { className: 'day' },
        element('h3', { textContent: name }),
        element('div', { className: 'grid' }, ...blocks.map(blockButton)))));
  }
  const buttons = [...box.querySelectorAll('.block')];
  const reached = buttons.find((button) => button.tabIndex === 0) ?? buttons[0];
  for (const [index, button] of buttons.entries()) {
    const block = shown.blocks[index];
    button.setAttribute('aria-pressed', String(marks.has(block.id)));
    button.disabled = guest === null;
    button.tabIndex = button === reached ? 0 : -1;
    const available = availableOf(block);
    const people = Math.max(shown.participants.length, available, 1);
    button.style.setProperty('--share', `${Math.round((available * 100) / people)}%`);
    const text = `${available} of ${shown.participants.length}`;
    const box = button.querySelector('.count');
    if (box.textContent && box.textContent !== text) flash(box);
    box.textContent = text;
  }
  showBest();
  if (guest === null) state('Join to mark the times that suit you.');
  else if (!unsaved && !isSaving) state(marks.size ? `${count(marks.size, 'time', 'times')} marked, saved` : 'Nothing marked yet');
}

/** What the page is for: the times that suit most. */
function showBest() {
  const counts = shown.blocks.map(availableOf);
  const most = Math.max(0, ...counts);
  const best = shown.blocks.filter((block, index) => most > 0 && counts[index] === most);
  const named = best.slice(0, 3).map((block) => `${shortDay.format(new Date(block.starts_at))} ${timesOf(block)}`);
  const others = best.length > named.length ? ` and ${best.length - named.length} more` : '';
  find('best').textContent = best.length ? `Best so far, for ${most} of ${shown.participants.length}: ${named.join('; ')}${others}` : '';
}

/** How many can make a block, with the clicks that are not saved yet. */
function availableOf(block) {
  return block.available - Number(saved.has(block.id)) + Number(marks.has(block.id));
}

function timesOf(block) {
  return [block.starts_at, block.ends_at].map((time) => clock.format(new Date(time))).join(' – ');
}

function blockButton(block) {
  const button = element('button', { type: 'button', className: 'block' },
    element('span', { textContent: timesOf(block) }),
    element('span', { className: 'count' }));
  button.dataset.block = block.id;
  button.addEventListener('click', () => toggle(block.id));
  return button;
}

/** One stop for Tab; the arrows go from block to block. */
function moveFocus(key) {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key.key];
  const buttons = [...find('blocks').querySelectorAll('.block:enabled')];
  const at = buttons.indexOf(document.activeElement);
  if (at < 0) return;
  const ends = { Home: 0, End: buttons.length - 1 };
  const target = buttons[step ? at + step : ends[key.key] ?? -1];
  if (!target) return;
  key.preventDefault();
  for (const button of buttons) button.tabIndex = button === target ? 0 : -1;
  target.focus();
}

// ---- marks: shown at once, saved together a moment later

function toggle(id) {
  if (!marks.delete(id)) marks.add(id);
  saveIn(SAVE_AFTER_MS);
  state('Saving …');
  showBlocks();
}

function saveIn(ms) {
  clearTimeout(unsaved);
  unsaved = setTimeout(save, ms);
}

async function save(options = {}) {
  // One after another, or an older set of marks could be written last.
  if (isSaving) return saveIn(SAVE_AFTER_MS);
  clearTimeout(unsaved);
  unsaved = null;
  isSaving = true;
  try {
    const done = await act('mark_availability', { session_key: guest.session_key, block_ids: [...marks] }, options);
    savedAt = done.position;
    saveAgain = SAVE_AGAIN_MS;
    notice(null);
  } catch (error) {
    notice(error instanceof Refusal ? error : new Refusal('The marks could not be saved.'));
    if (error.isLost || [429, 503, 504].includes(error.status)) waitToSave();
    else if (error.status === 401) forgetKey();
    else marks = new Set(saved);
    if (!guest) followEvent();
  } finally {
    isSaving = false;
  }
  if (!unsaved && !isLive) await Promise.all([loadEvent(), loadGuest()]).catch(() => {});
  showEvent();
}

/** Nobody knows whether they were saved: the same marks are sent again, by and by, or once the server can be heard. */
function waitToSave() {
  state('Not saved yet, trying again');
  if (!unsaved) saveIn(saveAgain);
  saveAgain = Math.min(saveAgain * 2, SAVE_AGAIN_MAX_MS);
}

async function joinEvent() {
  const { body: joined } = await act('join_event', { token, name: find('join').name.value });
  guest = joined;
  saved = new Set();
  marks = new Set();
  const isKept = keep(`key:${token}`, joined.session_key);
  await loadEvent();
  showEvent();
  followEvent();
  find('blocks').querySelector('.block')?.focus();
  if (!isKept) notice({ message: 'This browser keeps nothing: your marks can be changed until you leave the page.' }, 'good');
}

async function copyLink() {
  const link = `${location.origin}${location.pathname}?token=${token}`;
  try {
    await navigator.clipboard.writeText(link);
    notice({ message: 'The link is copied: who has it can join.' }, 'good');
  } catch {
    notice({ message: `The link: ${link}` }, 'good');
  }
}

// ---- talking to the server

/** The token of the link, out of the address bar at once, so that it is neither bookmarked nor shared. */
function takeAccessToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get('access_token');
  if (given) history.replaceState(null, '', location.pathname + location.search);
  try {
    if (given) sessionStorage.setItem('access_token', given);
    return given ?? sessionStorage.getItem('access_token');
  } catch {
    return given;
  }
}

function query(name, args = {}) {
  const parameters = new URLSearchParams(args).toString();
  return request(`/rest/v1/rpc/${name}${parameters && '?'}${parameters}`, { method: 'GET' });
}

function act(name, args, options = {}) {
  return request(`/rest/v1/rpc/${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(args),
    ...options,
  });
}

/** An action that is `@idempotent`: when the answer is lost on its way, the same call with the same key brings it. */
async function actOnce(name, args) {
  const headers = {
    'Content-Type': 'application/json',
    'Idempotency-Key': crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`,
  };
  try {
    return await act(name, args, { headers });
  } catch (refusal) {
    if (!refusal.isLost) throw refusal;
    return act(name, args, { headers });
  }
}

/** The answer's body, the state that it shows, and where it came from in what time. */
async function request(url, options) {
  const headers = { Accept: 'application/json', ...authorization(), ...options.headers };
  const begun = performance.now();
  let response;
  let body = null;
  try {
    response = await fetch(url, { ...options, headers, signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    const text = await response.text();
    body = text ? JSON.parse(text) : null;
  } catch {
    const message = response?.ok === false ? 'The answer cannot be read.' : 'The server cannot be reached. Is it running?';
    throw new Refusal(message, { isLost: true });
  }
  if (response.ok) return { body, from: origin(response, begun), position: response.headers.get('Martlet-Position') };
  if (response.status === 401 && body?.code?.startsWith('PGRST') && accessToken) {
    sessionStorage.removeItem('access_token');
    throw new Refusal('You are no longer signed in. Reload the page to go on without.', { status: 401 });
  }
  if (url.startsWith('/api/events/') && response.status === 404) {
    throw new Refusal('There is no such event. Is the link whole?', { status: 404 });
  }
  const details = Array.isArray(body?.details) ? body.details.map((detail) => detail.message) : [];
  throw new Refusal(body?.message ?? `It did not work (status ${response.status}).`, { details, status: response.status });
}

function authorization() {
  return accessToken ? { Authorization: `Bearer ${accessToken}` } : {};
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

// ---- what this browser keeps: the key of each event, and the events that were seen

function keptKey() {
  return kept(`key:${token}`);
}

function forgetKey() {
  guest = null;
  saved = new Set();
  marks = new Set();
  keep(`key:${token}`, null);
}

function recent() {
  try {
    const events = JSON.parse(kept('recent') ?? '[]');
    return events.filter((event) => typeof event?.token === 'string' && typeof event.title === 'string');
  } catch {
    return [];
  }
}

function remember(event) {
  const others = recent().filter((known) => known.token !== event.token);
  keep('recent', JSON.stringify([{ token: event.token, title: event.title }, ...others].slice(0, RECENT_MAX)));
}

function kept(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

/** False where the browser keeps nothing: full, or forbidden. */
function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
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
  box.replaceChildren(element('span', { textContent: news?.message ?? '' }), dismiss(), ...details);
  if (news) box.scrollIntoView({ block: 'nearest' });
}

function dismiss() {
  const button = element('button', { type: 'button', className: 'dismiss', textContent: '×', ariaLabel: 'Dismiss' });
  button.addEventListener('click', () => notice(null));
  return button;
}

function state(text) {
  // Only news: a screen reader says every change.
  if (find('state').textContent !== text) find('state').textContent = text;
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

function grouped(items, nameOf) {
  const groups = new Map();
  for (const item of items) {
    const name = nameOf(item);
    groups.set(name, [...(groups.get(name) ?? []), item]);
  }
  return groups;
}

function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}

function localDay(date) {
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
}
