/** The public types: those of the app, by the `Database` that supabase-js takes, and those of answers. */

import type { TokenSource } from './auth.js'
import type { Debounced } from './debounce.js'

/** Where no `Database` is given: every name, any arguments, unknown answers. */
export interface AnyDatabase {
  public: { Functions: Record<string, { Args: Record<string, unknown>; Returns: unknown }> }
}

export type Functions<DB> = DB extends { public: { Functions: infer F } } ? F : AnyDatabase['public']['Functions']
export type Name<DB> = keyof Functions<DB> & string
export type Args<DB, N extends Name<DB>> = Functions<DB>[N] extends { Args: infer A } ? A : never
export type Returns<DB, N extends Name<DB>> = Functions<DB>[N] extends { Returns: infer R } ? R : never

/** Arguments as a parameter: left out where there are none or all are optional. */
export type ArgsParameter<DB, N extends Name<DB>> = [Args<DB, N>] extends [never]
  ? [args?: Record<string, never>]
  : {} extends Args<DB, N>
    ? [args?: Args<DB, N>]
    : [args: Args<DB, N>]

/** Why there is no answer: the server's error, or one of `network`, `timeout`, `aborted`, `identity_changed`. */
export interface LiveError {
  readonly code: string
  readonly message: string
  readonly details: unknown
  readonly hint: string | null
  /** Of HTTP; 0 where nothing was answered. */
  readonly status: number
}

/** As supabase-js answers. After a failure `data` is what is still known, if anything is. */
export interface Answer<T> {
  readonly data: T | null
  readonly error: LiveError | null
}

/**
 * How an answer is kept up to date: `idle`, nobody follows it; `connecting`; `live`, the server sends what changes;
 * `polling`, it is asked again and again; `waiting`, cut off and about to try again, offline, or refused.
 */
export type Connection = 'idle' | 'connecting' | 'live' | 'polling' | 'waiting'

/** What is known of a query now. Immutable: another object means that something has changed. */
export interface LiveState<T> {
  /** Undefined until there is an answer. Stays the same object as long as the server's bytes do. */
  readonly data: T | undefined
  readonly error: LiveError | undefined
  readonly connection: Connection
  /** `data` comes from storage or from before a cut: the server has not confirmed it since. */
  readonly isStale: boolean
  /** `data` shows changes that the server has not yet confirmed. */
  readonly isOptimistic: boolean
  /** When the server gave `data`, in milliseconds since 1970; the same bytes again do not count. */
  readonly updatedAt: number | undefined
}

/** One query that can be followed. */
export interface Watch<T> {
  readonly state: LiveState<T>
  /** Follows it until the function that is returned is called. The listener is told after each change of `state`. */
  subscribe(listener: (state: LiveState<T>) => void): () => void
  /** Asks now, whatever is known. */
  refetch(): Promise<Answer<T>>
}

/** A guess of what an action will change, made by `live.change`. */
export interface Change {
  /** @internal */
  readonly key: string
  /** @internal */
  readonly apply: (data: unknown) => unknown
}

export interface GetOptions {
  /** An answer of this age is given without asking. Default: `freshMs` of the client. */
  readonly freshMs?: number
  /** An answer of this age is given at once and asked for again behind it; 0 waits for the new one. Default: `staleMs` of the client. */
  readonly staleMs?: number
}

export interface ActOptions {
  /** Shown at once; taken back when the action fails; dropped when an answer comes that shows the action. */
  readonly optimistic?: readonly Change[]
  /** For actions that are `@idempotent`: sends an `Idempotency-Key` (made up for `true`) and tries again after a cut. */
  readonly idempotent?: boolean | string
}

/** An answer as it came, with what it takes to ask whether it is still good. */
export interface StoredAnswer {
  readonly text: string
  readonly position?: string | undefined
  readonly etag?: string | undefined
  /** Which event of which stream it was, so that the stream can go on behind it. */
  readonly event?: { readonly id: string; readonly of: string } | undefined
  /** When it came, in milliseconds since 1970. */
  readonly at: number
}

/** Keeps answers over reloads, each for one identity; `createStorage` of `@martlet/live/storage` makes one. Must not throw. */
export interface AnswerStore {
  get(identity: string, key: string): Promise<StoredAnswer | undefined>
  /** Keeps an answer, if `isStill` says at the moment of writing that it is still this identity's. */
  put(identity: string, key: string, answer: StoredAnswer, isStill: () => boolean): Promise<void>
  /** Leaves what is of this identity and of `anon`; the rest goes, with what other versions have left. */
  sweep(identity: string): void
}

export interface LiveOptions extends TokenSource {
  /** Another `fetch`. */
  readonly fetch?: typeof fetch
  /** `poll` for clients that cannot hold a connection. Default: `stream`, with polling where streams do not come through. */
  readonly transport?: 'stream' | 'poll'
  /**
   * Connections for streams; what is followed beyond them shares the last as a batch, whose frames have all its answers.
   * Default 1: over HTTP/1.1 a browser has 6 to a host for all tabs together. Over HTTP/2 more cost little.
   */
  readonly streamsMax?: number
  /** A page that is hidden for so long closes its streams, and resumes when it is seen. Default 30,000; Infinity: never. */
  readonly hiddenAfterMs?: number
  /** Bounds of the time between two polls. Default 1,000 and 60,000. */
  readonly pollMinMs?: number
  readonly pollMaxMs?: number
  /** See `GetOptions`. Default 2,000. */
  readonly freshMs?: number
  /** See `GetOptions`. Default 300,000. */
  readonly staleMs?: number
  /** A request that takes longer has failed. Default 15,000. */
  readonly timeoutMs?: number
  /** Answers that nobody follows are kept in memory up to this number. Default 200. */
  readonly entriesMax?: number
  /** Keeps last answers over reloads. Default: they are in memory alone. */
  readonly storage?: AnswerStore
  /** Queries whose arguments are secrets: asked by POST, so that they stand in no URL, and never stored. */
  readonly secret?: readonly string[]
  /** Performance measures. Default true. */
  readonly measures?: boolean
}

/** Counts since the client was made. */
export interface LiveStats {
  requests: number
  /** Callers that joined a request under way. */
  shared: number
  /** Answers by 304: nothing was sent again. */
  notModified: number
  /** Answers given from memory without waiting. */
  fromMemory: number
  streams: number
  frames: number
  polls: number
  rollbacks: number
}

/** A connection to one server for one user at a time; made by `createLive`. */
export interface Live<DB = AnyDatabase> {
  readonly stats: Readonly<LiveStats>

  /** A query that can be followed; nothing is asked before somebody subscribes. */
  watch<N extends Name<DB>>(name: N, ...args: ArgsParameter<DB, N>): Watch<Returns<DB, N>>

  /** A query's answer: what is kept if it is good enough, else the server's. */
  get<N extends Name<DB>>(name: N, ...args: [...ArgsParameter<DB, N>, options?: GetOptions | undefined]): Promise<Answer<Returns<DB, N>>>

  /** Runs an action. */
  act<N extends Name<DB>>(name: N, ...args: [...ArgsParameter<DB, N>, options?: ActOptions | undefined]): Promise<Answer<Returns<DB, N>>>

  /** A guess for `act`: how an action will change a query's answer. `apply` must leave what it is given as it is. */
  change<N extends Name<DB>>(name: N, args: Args<DB, N>, apply: (data: Returns<DB, N>) => Returns<DB, N>): Change

  /** `get`, debounced: for searches while the user types. Default 300 ms. */
  search<N extends Name<DB>>(
    name: N,
    delayMs?: number,
  ): Debounced<[...ArgsParameter<DB, N>, options?: GetOptions | undefined], Answer<Returns<DB, N>>>

  /** `act`, debounced: for what is saved while the user types. A burst is not sent once another user has signed in. */
  save<N extends Name<DB>>(
    name: N,
    delayMs?: number,
  ): Debounced<[...ArgsParameter<DB, N>, options?: ActOptions | undefined], Answer<Returns<DB, N>>>

  /** Tells that `accessToken` gives another token now. With `supabase` it is seen by itself. */
  tokenChanged(): Promise<void>

  /** Ends all streams and listens no more. */
  close(): void
}
