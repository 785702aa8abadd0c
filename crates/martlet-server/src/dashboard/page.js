// The pages of /_/: signing in, following the figures, trying queries and actions. Everything else is the server's.
'use strict';

const KEY = 'martlet.service-key';

function kept(name) {
  try { return sessionStorage.getItem(name) ?? ''; } catch { return ''; }
}

function keep(name, value) {
  try {
    if (value) sessionStorage.setItem(name, value);
    else sessionStorage.removeItem(name);
  } catch { /* A tab without storage asks for the key on each page. */ }
}

let key = kept(KEY);
const find = (id) => document.getElementById(id);
const authorized = () => (key ? { Authorization: `Bearer ${key}` } : {});

// ---- Signing in. The page that came holds nothing; the one that is asked for with the key takes its place.

async function open() {
  const response = await fetch(location.href, { headers: { Accept: 'text/html', ...authorized() }, cache: 'no-store' });
  const text = await response.text();
  if (response.ok || response.status === 404) {
    if (!response.ok) throw new Error('There is nothing at this address.');
    const made = new DOMParser().parseFromString(text, 'text/html');
    if (made.body.dataset.page === 'sign-in') throw new Error('The key was not taken.');
    document.title = made.title;
    document.body.replaceWith(document.adoptNode(made.body));
    begin();
    return;
  }
  throw new Error(response.status === 403 ? 'This is not the service key.' : problemOf(text));
}

function problemOf(text) {
  try { return JSON.parse(text).detail ?? 'The key was not taken.'; } catch { return 'The key was not taken.'; }
}

function signIn() {
  const form = find('sign-in');
  const ask = (why) => {
    form.hidden = false;
    find('key-error').textContent = why;
    find('key').focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    key = find('key').value.trim();
    try {
      await open();
      keep(KEY, key);
    } catch (error) {
      key = '';
      ask(error.message);
    }
  });
  if (!key) return ask('');
  open().catch((error) => {
    if (error instanceof TypeError) return ask('The server does not answer.');
    if (error.message.startsWith('There is nothing')) { form.remove(); find('main').append(error.message); return; }
    key = '';
    keep(KEY, '');
    ask(error.message);
  });
}

// ---- Following the figures.

function follow() {
  const state = find('live');
  const pause = find('pause');
  let stop = null;
  let wanted = true;
  let said = '';
  // Said only when it changes: a reader of the screen would hear it every two seconds.
  const say = (text) => { if (text !== said) { state.textContent = said = text; state.dataset.state = text.split(':')[0]; } };

  async function run() {
    while (wanted && !document.hidden) {
      stop = new AbortController();
      try {
        const response = await fetch('/_/performance', {
          headers: { Accept: 'text/event-stream', ...authorized() }, cache: 'no-store', signal: stop.signal,
        });
        if (!response.ok) throw new Error(String(response.status));
        await read(response.body.pipeThrough(new TextDecoderStream()).getReader(), (data) => {
          say('Live');
          show(JSON.parse(data).parts ?? {});
        });
        throw new Error('ended');
      } catch (error) {
        if (!wanted || document.hidden) break;
        say('Lost: trying again');
        await new Promise((resolve) => setTimeout(resolve, 1500 + Math.random() * 1500));
      }
    }
    stop = null;
  }

  pause.hidden = false;
  pause.addEventListener('click', () => {
    wanted = !wanted;
    pause.textContent = wanted ? 'Pause' : 'Go on';
    say(wanted ? 'Live' : 'Paused');
    if (wanted && !stop) run(); else stop?.abort();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) stop?.abort(); else if (wanted && !stop) run();
  });
  run();
}

async function read(reader, take) {
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    for (let end; (end = text.indexOf('\n\n')) >= 0; text = text.slice(end + 2)) {
      const data = text.slice(0, end).split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice(6));
      if (data.length) take(data.join('\n'));
    }
  }
}

/** Puts parts into their places, but for one that somebody reads or stands in. Their markup is the server's. */
function show(parts) {
  const selection = getSelection();
  for (const [id, html] of Object.entries(parts)) {
    const place = find(id);
    const isHeld = place?.contains(document.activeElement) && place !== document.activeElement
      || (selection && !selection.isCollapsed && place?.contains(selection.anchorNode));
    if (!place || isHeld) continue;
    const scrolled = place.querySelector('.scroll')?.scrollLeft ?? 0;
    place.innerHTML = html;
    if (scrolled) place.querySelector('.scroll').scrollLeft = scrolled;
  }
}

// ---- Trying a query or an action.

function tryOut(form) {
  const as = find('as');
  const showCaller = () => {
    for (const which of ['user', 'token']) {
      const field = find(`as-${which}`);
      if (field) field.hidden = as.value !== which;
    }
  };
  as.addEventListener('change', showCaller);
  showCaller();
  const isAction = 'action' in form.dataset;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (isAction) return find('confirm').showModal();
    call(form, false);
  });
  if (isAction) {
    find('confirm-yes').addEventListener('click', () => { find('confirm').close(); call(form, true); });
    find('confirm-no').addEventListener('click', () => find('confirm').close());
  }
}

async function call(form, isAction) {
  const button = form.querySelector('.go button');
  const tell = find('state');
  for (const input of form.querySelectorAll('[data-type]')) mark(input, '');
  button.disabled = true;
  tell.textContent = 'Asked…';
  try {
    const headers = await callerHeaders();
    let url = `/rest/v1/rpc/${encodeURIComponent(form.dataset.name)}`;
    const options = { headers, cache: 'no-store' };
    if (isAction) {
      options.method = 'POST';
      options.body = JSON.stringify(bodyOf(form));
      headers['Content-Type'] = 'application/json';
      if ('idempotent' in form.dataset) headers['Idempotency-Key'] = crypto.randomUUID?.() ?? String(Math.random());
    } else {
      const pairs = pairsOf(form);
      if (pairs.size) url += `?${pairs}`;
    }
    const began = performance.now();
    const response = await fetch(url, options);
    const text = await response.text();
    answered(form, response, text, performance.now() - began, `${isAction ? 'POST' : 'GET'} ${url}`);
  } catch (error) {
    tell.textContent = error instanceof TypeError ? 'The server does not answer.' : error.message;
  } finally {
    button.disabled = false;
  }
}

/** The headers of who calls. Tokens go into headers alone: an address is kept in logs. */
async function callerHeaders() {
  const as = find('as').value;
  if (as === 'nobody') return {};
  if (as === 'token') return { Authorization: `Bearer ${find('token').value.trim()}` };
  if (as === 'service' && key) return { Authorization: `Bearer ${key}` };
  const wanted = as === 'user' ? { as, user_id: find('user-id').value.trim() } : { as };
  const response = await fetch('/_/token', {
    method: 'POST', body: JSON.stringify(wanted),
    headers: { 'Content-Type': 'application/json', 'Martlet-Page': '1' },
  });
  const made = await response.json();
  if (!response.ok) throw new Error(made.detail ?? 'No token was given.');
  return { Authorization: `Bearer ${made.token}` };
}

function inputs(form) {
  const all = [...form.querySelectorAll('[data-type]')];
  return all.filter((input) => input.value !== '' || !('optional' in input.dataset));
}

const lines = (input) => input.value.split('\n').filter((line) => line !== '');

function pairsOf(form) {
  const pairs = new URLSearchParams();
  for (const input of inputs(form)) {
    const quoted = (item) => `"${item.replace(/["\\]/g, '\\$&')}"`;
    pairs.append(input.name, 'list' in input.dataset ? `{${lines(input).map(quoted)}}` : input.value);
  }
  return pairs;
}

function bodyOf(form) {
  const body = {};
  for (const input of inputs(form)) {
    const of = (text) => valueOf(text, input.dataset.type);
    body[input.name] = 'list' in input.dataset ? lines(input).map(of) : of(input.value);
  }
  return body;
}

/** What is no value of its type goes as it is: the server says what is wrong with it. */
function valueOf(text, type) {
  const isNumber = text.trim() !== '' && Number.isFinite(Number(text));
  if ((type === 'integer' || type === 'double precision') && isNumber) return Number(text);
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  if (type === 'json' || type === 'jsonb') { try { return JSON.parse(text); } catch { return text; } }
  return text;
}

function answered(form, response, text, took, request) {
  const words = { memory: 'from memory', store: 'from the database', stale: 'from memory, a little old' };
  const source = response.headers.get('Martlet-Cache');
  const timing = /total;dur=([\d.]+)/.exec(response.headers.get('Server-Timing') ?? '')?.[1];
  const value = parsed(text);
  const rows = Array.isArray(value) ? value.length : null;
  const state = [response.ok ? 'Answered' : 'Refused', `${response.status}`];
  if (response.ok && source) state.push(words[source] ?? source);
  if (timing) state.push(`${milliseconds(Number(timing))} in the server`);
  find('state').textContent = state.join(', ');
  find('state').className = response.ok ? 'good' : 'bad';
  const told = {
    Request: request,
    'Seen from here': milliseconds(took),
    Rows: rows,
    Bytes: new TextEncoder().encode(text).length.toLocaleString('en'),
    Position: response.headers.get('Martlet-Position'),
    'May be kept by': response.headers.get('Cache-Control'),
  };
  find('told').replaceChildren(...Object.entries(told).filter(([, value]) => value !== null).map(([name, value]) => {
    const row = document.createElement('div');
    const term = document.createElement('dt');
    const says = document.createElement('dd');
    term.textContent = name;
    says.textContent = value;
    row.append(term, says);
    return row;
  }));
  const body = find('body');
  const shown = value === undefined ? text : JSON.stringify(value, null, 2);
  body.textContent = shown.length > 200_000 ? `${shown.slice(0, 200_000)}\n… and ${(shown.length - 200_000).toLocaleString('en')} characters more` : shown;
  body.hidden = text === '';
  if (!response.ok && Array.isArray(value?.details)) {
    let first = null;
    for (const { parameter, message } of value.details) {
      const input = form.querySelector(`[data-type][name="${CSS.escape(parameter)}"]`);
      if (input) { mark(input, message); first ??= input; }
    }
    first?.focus();
  }
}

function mark(input, message) {
  if (message) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid');
  find(`e-${input.name}`).textContent = message;
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

function milliseconds(ms) {
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : `${ms.toFixed(ms < 10 ? 2 : 0)} ms`;
}

// ---- Which page this is.

function begin() {
  if (document.body.dataset.page === 'sign-in') return signIn();
  find('sign-out')?.addEventListener('click', () => { keep(KEY, ''); location.assign('/_/'); });
  if (find('live')) follow();
  const form = find('call');
  if (form) tryOut(form);
}

begin();
