/** The client: what is asked once for all who ask, what is kept, followed, and guessed. */

import { createAuth } from './auth.js'
import { createPresence, pause } from './backoff.js'
import { debounce } from './debounce.js'
import { createEntry, type Entry } from './entry.js'
import { address, bodyOf, canonical, send, thrown, type Reply } from './http.js'
import { UNREADABLE } from './identity.js'
import { measure } from './measure.js'
import { order } from './position.js'
import { createChannel, ENTRIES_MAX, type Channel, type Upkeep } from './stream.js'
import type { ActOptions, Answer, AnyDatabase, Change, GetOptions, Live, LiveError, LiveOptions, LiveState, LiveStats } from './types.js'

/** How long a stream stays open that nobody follows any more: a page that changes follows it again at once. */
const LINGER_MS = 500
/** How long the stream has to show a write before it is asked for, the first time. */
const SHOW_MS = 300
/** So often a write is looked for; then the server's word counts, whatever it is. */
const SHOW_TRIES = 5
/** So often an idempotent action is tried. */
const ACT_TRIES = 3
/** Answers that change quickly are stored once in this time. */
const STORE_MS = 500

type Arguments = Record<string, unknown>

interface Flight {
  readonly promise: Promise<boolean | LiveError>
  /** The newest write that had been answered when it began. */
  readonly write: string | undefined
}

/**
 * Makes a client for a server. `Database` is the type that supabase-js takes.
 *
 * @param url of the server, as `createClient` of supabase-js takes it
 * @param key the public (`anon`) key, or an empty text
 */
export function createLive<Database = AnyDatabase>(url: string, key: string, options: LiveOptions = {}): Live<Database> {
  const { storage, timeoutMs = 15_000, entriesMax = 200, pollMinMs = 1_000, pollMaxMs = 60_000 } = options
  const isPolling = options.transport === 'poll'
  const streamsMax = isPolling ? Infinity : Math.max(1, options.streamsMax ?? 1)
  const entries = new Map<string, Entry>()
  const flights = new Map<Entry, Flight>()
  const followed = new Map<Entry, Channel>()
  let channels: Channel[] = []
  const storing = new Set<Entry>()
  const stats: LiveStats = { requests: 0, shared: 0, notModified: 0, fromMemory: 0, streams: 0, frames: 0, polls: 0, rollbacks: 0 }
  /** The newest write that the server has answered. */
  let written: string | undefined

  const restart = (): void => {
    for (const channel of channels) channel.restart()
  }

  const auth = createAuth(options, (isOther, isFirst) => {
    if (isOther && auth.identity) storage?.sweep(auth.identity)
    if (isFirst) return
    if (!isOther) {
      for (const channel of channels) channel.reopen()
      return
    }
    written = undefined
    flights.clear()
    // Before anything else can be shown: what is here was another caller's.
    for (const entry of entries.values()) {
      entry.reset()
      entry.restored = restore(entry)
    }
    restart()
  })
  const presence = createPresence(options.hiddenAfterMs ?? 30_000, restart)

  const keyOf = (name: string, args?: Arguments | null): string => `${name}?${canonical(args ?? {})}`

  const find = (name: string, args?: Arguments | null): Entry => {
    const at = keyOf(name, args)
    const known = entries.get(at)
    // The newest is last: what has not been used for longest goes first.
    if (known) entries.delete(at)
    const entry = known ?? createEntry(at, { name, args: args ?? {}, isSecret: !!options.secret?.includes(name) })
    entries.set(at, entry)
    if (!known) {
      entry.restored = restore(entry)
      forget()
    }
    return entry
  }

  const forget = (): void => {
    let excess = entries.size - entriesMax
    for (const [at, entry] of entries) {
      if (excess <= 0) return
      if (followed.has(entry)) continue
      entries.delete(at)
      excess--
    }
  }

  const restore = async (entry: Entry): Promise<void> => {
    if (entry.call.isSecret || !storage) return
    await auth.token().catch(() => null)
    const { identity, generation } = auth
    const stored = identity && (await storage.get(identity, entry.key))
    if (stored && !entry.base && generation === auth.generation) entry.receive(stored, true)
  }

  const keep = async (entry: Entry): Promise<void> => {
    if (entry.call.isSecret || !storage || storing.has(entry)) return
    storing.add(entry)
    await pause(STORE_MS)
    storing.delete(entry)
    const { identity, generation } = auth
    if (!entry.base || !identity || identity.startsWith(UNREADABLE)) return
    await storage.put(identity, entry.key, entry.base, () => generation === auth.generation)
  }

  /** Asks for an answer, once for all who ask meanwhile; true if it is another than before. */
  const refresh = (entry: Entry): Promise<boolean | LiveError> => {
    const flying = flights.get(entry)
    // One that began before a write may not show it.
    if (flying && flying.write === written) {
      stats.shared++
      return flying.promise
    }
    const promise = ask(entry).finally(() => {
      if (flights.get(entry)?.promise === promise) flights.delete(entry)
    })
    flights.set(entry, { promise, write: written })
    return promise
  }

  const ask = async (entry: Entry): Promise<boolean | LiveError> => {
    const { generation } = auth
    const before = entry.base
    stats.requests++
    const reply = await send(upkeep, address(upkeep.base, entry.call), before?.etag ? { 'If-None-Match': before.etag } : {}, generation)
    // The answer was for another caller: it is asked for again.
    if (generation !== auth.generation) return refresh(entry)
    const { text = '', position, etag } = reply
    let { error } = reply
    if (reply.isKnown) {
      stats.notModified++
      // A frame that came meanwhile is newer than what was confirmed.
      if (entry.base?.text === before?.text) entry.confirm(position)
      return false
    }
    try {
      if (!error) entry.receive({ text, position, etag })
    } catch (caught) {
      error = thrown(caught)
    }
    if (error) {
      entry.fail(error)
      return error
    }
    void keep(entry)
    return text !== before?.text
  }

  const answer = async (entry: Entry): Promise<Answer<unknown>> => {
    const news = await refresh(entry)
    return { data: entry.state.data ?? null, error: typeof news === 'boolean' ? null : news }
  }

  const follow = (entry: Entry, listener: (state: LiveState<unknown>) => void): (() => void) => {
    entry.listeners.add(listener)
    if (!followed.has(entry)) {
      const streams = channels.filter((channel) => !channel.isPolling)
      const isFull = streams.length >= streamsMax
      const shared = isFull ? streams.findLast((channel) => channel.entries.size < ENTRIES_MAX) : undefined
      // Past every bound there is polling, which needs no connection of its own.
      attach(entry, shared ?? createChannel(upkeep, isPolling || isFull))
    }
    return () => {
      if (entry.listeners.delete(listener)) void pause(LINGER_MS).then(() => leave(entry))
    }
  }

  const attach = (entry: Entry, channel: Channel): void => {
    if (!channels.includes(channel)) channels.push(channel)
    followed.set(entry, channel)
    channel.add(entry)
  }

  const detach = (entry: Entry): void => {
    const channel = followed.get(entry)
    followed.delete(entry)
    channel?.remove(entry)
    channels = channels.filter(({ entries }) => entries.size)
  }

  const leave = (entry: Entry): void => {
    if (entry.listeners.size) return
    detach(entry)
    forget()
  }

  const act = async (name: string, args: Arguments | undefined, options: ActOptions, generation: number): Promise<Answer<unknown>> => {
    const start = performance.now()
    const guesses = (options.optimistic ?? []).flatMap(({ key: at, apply }) => {
      const entry = entries.get(at)
      return entry ? [{ entry, end: entry.guess(apply) }] : []
    })
    const { error, text, position } = await write(name, args, options, generation)
    if (!error) {
      if (generation === auth.generation && position && !(order(position, written) < 0)) written = position
      for (const channel of channels) channel.hurry()
    } else if (guesses.length) stats.rollbacks++
    for (const { entry, end } of guesses) if (!end(position) && position) void reconcile(entry, position)
    upkeep.measure('act', name, start)
    return { data: text ? (JSON.parse(text) as unknown) : null, error: error ?? null }
  }

  const write = async (name: string, args: Arguments | undefined, { idempotent }: ActOptions, generation: number): Promise<Reply> => {
    const call = { url: `${upkeep.base}/rest/v1/rpc/${encodeURIComponent(name)}`, body: bodyOf(args ?? {}) }
    const once = idempotent === true ? randomKey() : idempotent
    for (let tries = 1; ; tries++) {
      const sent = await send(upkeep, call, once ? { 'Idempotency-Key': once } : {}, generation)
      const { error } = sent
      const isPassing = error && (/^(network|timeout|MRT022)$/.test(error.code) || error.status === 503)
      if (!once || !isPassing || tries === ACT_TRIES) return sent
      await pause(SHOW_MS * 2 ** tries)
    }
  }

  /** Sees to it that a write is shown: the stream says nothing where the write has changed nothing. */
  const reconcile = async (entry: Entry, position: string): Promise<void> => {
    for (let tries = 0; tries < SHOW_TRIES; tries++) {
      // Without a stream nobody would tell.
      await pause(tries || entry.state.connection === 'live' ? SHOW_MS * 2 ** tries : 0)
      if (!entry.state.isOptimistic || order(entry.base?.position, position) >= 0) return
      await refresh(entry)
    }
    entry.settle(position)
  }

  const upkeep: Upkeep = {
    base: url.replace(/\/+$/, ''),
    key,
    auth,
    // Called as a function of nobody, for a browser's fetch refuses to be another object's method.
    fetch: (input, init) => (options.fetch ?? fetch)(input, init),
    timeoutMs,
    stats,
    pollMinMs,
    pollMaxMs,
    measure: options.measures === false ? () => {} : measure,
    isAway: presence.isAway,
    refresh,
    keep,
    pollOnly(entry) {
      detach(entry)
      attach(entry, createChannel(upkeep, true))
    },
  }

  const get = async (name: string, args?: Arguments, given: GetOptions = {}): Promise<Answer<unknown>> => {
    const start = performance.now()
    const entry = find(name, args)
    const { freshMs = options.freshMs ?? 2_000, staleMs = options.staleMs ?? 300_000 } = given
    // Whose answers may be given must be known first.
    await auth.token().catch(() => null)
    await entry.restored
    const { base, state } = entry
    // After a write of our own an answer that does not show it would look as if it had been lost.
    const age = base && !(order(base.position, written) < 0) ? Date.now() - base.at : Infinity
    const isCurrent = age < freshMs || (age < Infinity && state.connection === 'live' && !state.isStale)
    const isKnown = isCurrent || age < staleMs
    if (isKnown) stats.fromMemory++
    if (isKnown && !isCurrent) void refresh(entry)
    const got = isKnown ? { data: state.data ?? null, error: null } : await answer(entry)
    upkeep.measure('get', name, start)
    return got
  }

  // Names, arguments and answers are told apart by the compiler alone: inside, all are unknown.
  return {
    stats,

    watch(name: string, args?: Arguments) {
      const at = keyOf(name, args)
      // The entry may be given up while nobody follows it, so it is looked up at each use.
      const entry = (): Entry => entries.get(at) ?? find(name, args)
      return {
        get state() {
          return entry().state
        },
        subscribe: (listener: (state: LiveState<unknown>) => void) => follow(entry(), listener),
        refetch: () => answer(entry()),
      }
    },

    get,

    act: (name: string, args?: Arguments, given: ActOptions = {}) => act(name, args, given, auth.generation),

    change: (name: string, args: Arguments, apply: (data: unknown) => unknown): Change => ({ key: find(name, args).key, apply }),

    search: (name: string, delayMs?: number) => debounce((args?: Arguments, given?: GetOptions) => get(name, args, given), delayMs),

    save(name: string, delayMs?: number) {
      const later = debounce(
        (generation: number, args?: Arguments, given: ActOptions = {}) => act(name, args, given, generation),
        delayMs,
      )
      return Object.assign((args?: Arguments, given?: ActOptions) => later(auth.generation, args, given), later)
    },

    async tokenChanged() {
      await auth.token()
    },

    close() {
      auth.close()
      presence.close()
      for (const entry of followed.keys()) detach(entry)
      entries.clear()
    },
  } as unknown as Live<Database>
}

function randomKey(): string {
  // 128 random bits. randomUUID is there in secure contexts only.
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}
