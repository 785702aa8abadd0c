// Live answers: what queries answer now, and anew after each commit that changes it. One stream a page.
// EventSource where nothing but a URL is asked; fetch where a token or a body is to be sent. The examples share this file.

const RETRY_MS = 1_000;
const RETRY_MAX_MS = 15_000;
/** The server says something every 25 seconds, if only a comment. */
const SILENCE_MAX_MS = 60_000;
/** The server stops: come back. */
const STOPPING = 'MRT035';

/**
 * Follows `{ url }`, or `{ url, headers, body }` of a POST, and gives a function that ends it.
 * `on.answer(data, position)` has the newest answer. `on.state(state, reason)` says whether it still is the newest:
 * `live`; `away`, the server cannot be heard or cannot tell, and goes on trying; `over`, not with this token.
 *
 * While nobody looks at the page it holds no stream, so nothing piles up; shown again, it has the newest answer.
 * A browser has six connections to a server over HTTP/1.1, for all its tabs together.
 */
export function follow(request, on) {
  let close = null;
  let timer = null;
  let pause = RETRY_MS;
  let wait = pause;
  let last = '';
  let isOver = false;

  const stream = {
    opened: () => on.state('live'),
    told(name, data, id) {
      wait = pause;
      if (id) last = id;
      try {
        if (name === 'end') stream.ended(JSON.parse(data), data.includes(STOPPING));
        else if (name === 'error') on.state('away', JSON.parse(data));
        else {
          on.state('live');
          on.answer(JSON.parse(data), id.split('.')[0]);
        }
      } catch (error) {
        reportError(error);
      }
    },
    /** The server gives a reason: it stops or has too much to do, or there is nothing more for this token. */
    ended(reason, mayPass) {
      if (mayPass) on.state('away', reason);
      else stop('over', reason);
    },
    /** The browser asks again by itself. */
    away: () => on.state('away'),
    lost() {
      if (isOver) return;
      shut();
      on.state('away');
      // Not all at once when the server is back.
      timer = setTimeout(open, wait * (1 + Math.random()));
      wait = Math.min(wait * 2, RETRY_MAX_MS);
    },
    retry: (ms) => { wait = pause = ms; },
  };

  function open() {
    if (isOver || close || document.hidden) return;
    clearTimeout(timer);
    close = request.body ? byFetch(request, last, stream) : byEventSource(request.url, stream);
  }

  function shut() {
    clearTimeout(timer);
    close?.();
    close = null;
  }

  function look() {
    if (document.hidden) shut();
    else open();
  }

  /** The network is gone, or another: what was open may be dead without knowing it. */
  function renew() {
    shut();
    if (navigator.onLine) open();
    else on.state('away');
  }

  function stop(state, reason) {
    isOver = true;
    shut();
    document.removeEventListener('visibilitychange', look);
    for (const change of ['online', 'offline']) removeEventListener(change, renew);
    if (state) on.state(state, reason);
  }

  document.addEventListener('visibilitychange', look);
  for (const change of ['online', 'offline']) addEventListener(change, renew);
  open();
  return () => stop();
}

// ---- where an answer came from, and in what time

/** Of a response that was asked for at `begun` (`performance.now()`): its cache, its times in milliseconds. */
export function origin(response, begun) {
  const total = /\btotal;dur=([\d.]+)/.exec(response.headers.get('Server-Timing') ?? '');
  return {
    cache: response.headers.get('Martlet-Cache'),
    server_ms: total ? Number(total[1]) : null,
    all_ms: performance.now() - begun,
  };
}

/** That origin in words. */
export function told({ cache, server_ms, all_ms }) {
  const place = { memory: 'from memory', store: 'from the database' }[cache] ?? 'by the server';
  const inServer = server_ms === null ? '' : `${milliseconds(server_ms)} in the server, `;
  return `Answered ${place}: ${inServer}${milliseconds(all_ms)} in all`;
}

/** The origin of what a stream has brought. */
export function toldNow() {
  return `Changed at ${clockTime()}, told by the server`;
}

export function milliseconds(value) {
  return `${value.toLocaleString(undefined, { maximumSignificantDigits: 2 })} ms`;
}

export function clockTime() {
  return new Date().toLocaleTimeString();
}

/** Whether one answer shows an older state than another. Of two runs of the server whichever comes later counts. */
export function isOlder(position, than) {
  const [epoch, number] = (position ?? '').split('-');
  const [other, known] = (than ?? '').split('-');
  return epoch === other && Number(number) < Number(known);
}

// ---- the two ways of following

/** The browser asks again when the connection is lost, from the last id on; it gives up when it gets an error. */
function byEventSource(url, stream) {
  const source = new EventSource(url);
  source.addEventListener('open', stream.opened);
  for (const name of ['message', 'partial', 'end']) {
    source.addEventListener(name, (event) => stream.told(name, event.data, event.lastEventId));
  }
  source.addEventListener('error', (event) => {
    // The server, too, tells an event `error`, with data: a run that failed, after which the stream goes on.
    if (event.data) stream.told('error', event.data, '');
    else if (source.readyState === EventSource.CLOSED) stream.lost();
    else stream.away();
  });
  return () => source.close();
}

function byFetch({ url, headers, body }, last, stream) {
  const ending = new AbortController();
  let isClosed = false;
  let silence;
  read().catch(() => {}).then(() => {
    clearTimeout(silence);
    if (!isClosed) stream.lost();
  });
  return () => {
    isClosed = true;
    ending.abort();
  };

  async function read() {
    hear();
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...headers,
        Accept: 'text/event-stream',
        'Content-Type': 'application/json',
        ...(last && { 'Last-Event-ID': last }),
      },
      body: JSON.stringify(body),
      signal: ending.signal,
    });
    if (!response.ok) return stream.ended(await response.json(), response.status === 429 || response.status >= 500);
    stream.opened();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      hear();
      const events = (text + value).split('\n\n');
      text = events.pop();
      events.forEach(tell);
    }
  }

  /** A connection that died without a word is silent: it is given up, and asked anew. */
  function hear() {
    clearTimeout(silence);
    silence = setTimeout(() => ending.abort(), SILENCE_MAX_MS);
  }

  function tell(event) {
    const fields = { event: 'message', data: [], id: '' };
    for (const line of event.split('\n')) {
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      if (name === 'data') fields.data.push(value);
      else if (name) fields[name] = value;
    }
    if (fields.retry) stream.retry(Number(fields.retry));
    if (fields.data.length && !isClosed) stream.told(fields.event, fields.data.join('\n'), fields.id);
  }
}
