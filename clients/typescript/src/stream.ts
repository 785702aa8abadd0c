/**
 * One connection that keeps answers up to date: a query's own stream, a batch's, or polling where neither comes through.
 *
 * It runs as one loop until nobody follows its entries any more. Nothing is given up for ever: what the server refuses
 * is asked again after a minute, because a deployment or a permission may have been under way.
 */

import { backoff, pause } from './backoff.js'
import type { Entry } from './entry.js'
import { address, bodyOf, isTokenError, refusal, request, thrown, type Sender } from './http.js'
import type { Measure } from './measure.js'
import { readEvents, type ServerEvent } from './sse.js'
import type { LiveError, LiveStats } from './types.js'

/** Queries in one batch: the server's own bound. */
export const ENTRIES_MAX = 100
/** A stream whose first byte takes longer is held back by something on the way: polling is better. */
const STALL_MS = 4_000
/** The server's heartbeat comes every 60 seconds at the least. */
const SILENCE_MS = 90_000
/** After that another stream is tried. */
const POLL_FOR_MS = 60_000
/** The server's word for answers that depend on more than what is written, such as the time. */
const NOT_FOLLOWED = 'MRT031'
/** What was refused for good may be good after a deployment. */
const REFUSED_MS = 60_000

export interface Upkeep extends Sender {
  readonly stats: LiveStats
  readonly pollMinMs: number
  readonly pollMaxMs: number
  readonly measure: Measure
  isAway(): boolean
  /** Asks once, by a request of its own; true if something was new. */
  refresh(entry: Entry): Promise<boolean | LiveError>
  /** An answer has come. */
  keep(entry: Entry): void
  /** Nothing tells when this answer changes: it must be polled. */
  pollOnly(entry: Entry): void
}

export interface Channel {
  readonly entries: Set<Entry>
  /** It never opens a stream. */
  readonly isPolling: boolean
  add(entry: Entry): void
  remove(entry: Entry): void
  /** Begins anew, at once: other entries, another user, or the page is back. */
  restart(): void
  /** The token has been refreshed: what is open is opened again with it. */
  reopen(): void
  /** A write of our own has been done: who polls looks at once. */
  hurry(): void
}

export function createChannel(upkeep: Upkeep, isPolling: boolean): Channel {
  const { auth, stats, measure, pollMinMs, pollMaxMs } = upkeep
  const entries = new Set<Entry>()
  let control = new AbortController()
  let isRunning = false
  let isWaiting = false
  let failures = 0
  let retryMs = 2_000
  let pollUntil = isPolling ? Infinity : 0
  let pollMs = pollMinMs

  const connectAll = (connection: 'waiting' | 'polling'): void => {
    for (const entry of entries) entry.connect(connection)
  }

  /** Counts a failure and says how long to wait after it. */
  const failed = (error?: LiveError, signal = control.signal): number => {
    // After a restart it is of another token, perhaps of another user.
    if (error && !signal.aborted) for (const entry of entries) entry.fail(error)
    return backoff(retryMs, ++failures)
  }

  const pollFor = (timeMs: number): number => {
    pollUntil = Math.max(pollUntil, Date.now() + timeMs)
    return 0
  }

  const run = async (): Promise<void> => {
    isRunning = true
    while (entries.size) {
      const { signal } = (control = new AbortController())
      // What is followed in one turn is asked for together.
      await pause(0, signal)
      if (signal.aborted) continue
      isWaiting = false
      let waitMs = Infinity
      let isPoll = false
      if (!upkeep.isAway()) {
        isPoll = Date.now() < pollUntil
        waitMs = await (isPoll ? poll() : stream(signal)).catch((error: unknown) => failed(thrown(error)))
      }
      if (signal.aborted || !waitMs) continue
      if (!isPoll) {
        isWaiting = true
        connectAll('waiting')
      }
      await pause(waitMs, signal)
    }
    isRunning = false
  }

  /** Asks for every entry and says how long to wait: shorter while answers change, longer while they do not. */
  const poll = async (): Promise<number> => {
    stats.polls++
    connectAll('polling')
    const news = await Promise.all([...entries].map(upkeep.refresh))
    pollMs = news.includes(true) ? Math.max(pollMinMs, pollMs / 2) : Math.min(pollMaxMs, pollMs * 1.5)
    return pollMs * (0.9 + Math.random() / 5)
  }

  /** Holds one stream until it ends, and says how long to wait before the next. */
  const stream = async (signal: AbortSignal): Promise<number> => {
    const followed = [...entries]
    await Promise.all(followed.map(({ restored }) => restored))
    const token = await auth.token()
    if (signal.aborted) return 0
    for (const entry of followed) if (entry.state.connection !== 'live') entry.connect('connecting')
    const of = followed.map(({ key }) => key).join('\n')
    const start = performance.now()
    const stall = new AbortController()
    const silence = (): void => stall.abort(Error('silence'))
    let watch = setTimeout(silence, STALL_MS)
    let isHeard = false
    let isFirst = true
    let end: LiveError | undefined
    try {
      stats.streams++
      const response = await open(followed, of, token, AbortSignal.any([signal, stall.signal]))
      if (!response.ok) return await refused(response, token)
      // Old servers and some proxies answer as to any request; some clients cannot read an answer bit by bit.
      if (!response.headers.get('Content-Type')?.startsWith('text/event-stream') || !response.body) return pollFor(POLL_FOR_MS)
      const read = readEvents({
        retry: (delayMs) => (retryMs = delayMs),
        comment(text) {
          if (text !== 'unchanged') return
          failures = 0
          for (const entry of followed) {
            entry.connect('live')
            entry.confirm()
          }
        },
        event(event) {
          failures = 0
          const error = take(followed, of, event)
          if (event.type === 'end') end = error
          if (isFirst) for (const { call } of followed) measure('open', call.name, start)
          isFirst = false
        },
      })
      const reader = response.body.getReader()
      const decoder = new TextDecoder()
      while (!end) {
        const { done, value } = await reader.read()
        // What was read before a restart is of another token, perhaps of another user.
        if (done || signal.aborted) break
        isHeard = true
        clearTimeout(watch)
        watch = setTimeout(silence, SILENCE_MS)
        read(decoder.decode(value, { stream: true }))
      }
    } catch (error) {
      if (signal.aborted) return 0
      return stall.signal.aborted && !isHeard ? pollFor(POLL_FOR_MS) : failed(thrown(error))
    } finally {
      clearTimeout(watch)
      stall.abort()
    }
    if (signal.aborted) return 0
    return end ? ended(end, token) : failed()
  }

  const open = (followed: Entry[], of: string, token: string | null, signal: AbortSignal): Promise<Response> => {
    const [first] = followed as [Entry]
    const call =
      followed.length === 1
        ? address(upkeep.base, first.call)
        : { url: `${upkeep.base}/rest/v1/batch`, body: bodyOf({ queries: followed.map(({ call: { name, args } }) => ({ name, args })) }) }
    // The stream may go on where it was only if all that is known came from there.
    const last = first.base?.event
    const isKnown = last?.of === of && followed.every(({ base }) => base?.event?.id === last.id)
    const extra = { Accept: 'text/event-stream, application/json;q=0.5', ...(isKnown && { 'Last-Event-ID': last.id }) }
    return request(upkeep, call, token, extra, signal)
  }

  /** Takes an event; an error that it tells is returned. */
  const take = (followed: Entry[], of: string, { type, data, id }: ServerEvent): LiveError | undefined => {
    if (type === 'error' || type === 'end') {
      const error = refusal(0, data)
      // A stream that ends to be opened again is no trouble of the user's.
      if (type === 'error') for (const entry of followed) entry.fail(error)
      return error
    }
    if (type !== 'message' && type !== 'partial') return undefined
    const start = performance.now()
    const position = id.split('.')[0]
    const event = { id, of }
    const parts = followed.length === 1 ? [{ status: 200, text: data }] : partsOf(data)
    followed.forEach((entry, at) => {
      const part = parts[at]
      if (!part) return
      stats.frames++
      entry.connect('live')
      if (part.status >= 400) {
        const error = refusal(part.status, part.text)
        return error.code === NOT_FOLLOWED ? upkeep.pollOnly(entry) : entry.fail(error)
      }
      entry.receive({ text: part.text, position, event })
      upkeep.keep(entry)
      measure('frame', entry.call.name, start)
    })
    return undefined
  }

  const refused = async (response: Response, token: string | null): Promise<number> => {
    const { status } = response
    const { signal } = control
    const error = refusal(status, await response.text())
    if (isTokenError(error)) return ended(error, token)
    if (signal.aborted) return 0
    if (error.code === NOT_FOLLOWED) {
      entries.forEach(upkeep.pollOnly)
      return 0
    }
    // Too many streams: a request now and then may still be let in.
    const afterMs = Number(response.headers.get('Retry-After')) * 1_000 || 0
    if (status === 429) return pollFor(Math.max(POLL_FOR_MS, afterMs))
    const waitMs = failed(error, signal)
    return status >= 500 || status === 408 ? Math.max(waitMs, afterMs) : REFUSED_MS * (1 + Math.random())
  }

  /** The server has ended the stream by a word of its own. */
  const ended = async (error: LiveError, token: string | null): Promise<number> => {
    const { signal } = control
    // Our own renewal must not open anything before we wait: at once the first time, but not again and again.
    isWaiting = true
    if (isTokenError(error) && (await auth.renew(token))) return failures++ ? backoff(retryMs, failures) : 0
    return failed(isTokenError(error) ? error : undefined, signal)
  }

  const restart = (): void => {
    failures = 0
    pollMs = pollMinMs
    control.abort()
    if (!isRunning) void run()
  }

  return {
    entries,
    isPolling,
    restart,
    add(entry) {
      entries.add(entry)
      restart()
    },
    remove(entry) {
      entries.delete(entry)
      entry.connect('idle')
      restart()
    },
    reopen() {
      // Who waits after a failure takes it by and by: tokens that are refused one after another would make a loop of it.
      if (!isWaiting) control.abort()
    },
    hurry() {
      if (Date.now() < pollUntil) restart()
    },
  }
}

/** The parts of a batch's answer, each as the text that it is alone. */
function partsOf(data: string): { status: number; text: string }[] {
  const parts = JSON.parse(data) as { status: number; body: unknown }[]
  return parts.map(({ status, body }) => ({ status, text: body === null ? '' : JSON.stringify(body) }))
}
