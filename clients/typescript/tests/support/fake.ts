/** A server that is a function: it answers as a test says, in the order and at the time that the test says. */

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: unknown
  readonly isStream: boolean
}

export type Handler = (asked: Asked) => Response | Promise<Response>

export class Fake {
  readonly asked: Asked[] = []
  readonly streams: Stream[] = []
  handler: Handler

  constructor(handler: Handler) {
    this.handler = handler
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input))
    const headers = new Headers(init?.headers)
    const isStream = (headers.get('Accept') ?? '').startsWith('text/event-stream')
    const body: unknown = init?.body ? JSON.parse(String(init.body)) : undefined
    const asked = { method: init?.method ?? 'GET', path: url.pathname + url.search, headers, body, isStream }
    this.asked.push(asked)
    const signal = init?.signal
    signal?.throwIfAborted()
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error))
      void Promise.resolve(this.handler(asked)).then((response) => {
        const stream = this.streams.find((other) => other.response === response)
        if (stream) signal?.addEventListener('abort', () => stream.cut(signal.reason))
        resolve(response)
      }, reject)
    })
  }

  /** A stream that stays open until the test ends it. */
  stream(): Stream {
    const stream = new Stream()
    this.streams.push(stream)
    return stream
  }

  /** The newest stream. */
  get last(): Stream {
    const stream = this.streams.at(-1)
    if (!stream) throw new Error('no stream has been opened')
    return stream
  }

  opened(): Asked[] {
    return this.asked.filter((asked) => asked.isStream)
  }
}

export class Stream {
  readonly response: Response
  isCut = false
  #to!: ReadableStreamDefaultController<Uint8Array>

  constructor() {
    const body = new ReadableStream<Uint8Array>({ start: (to) => void (this.#to = to) })
    this.response = new Response(body, { headers: { 'Content-Type': 'text/event-stream; charset=utf-8' } })
  }

  write(text: string): this {
    this.#to.enqueue(new TextEncoder().encode(text))
    return this
  }

  frame(id: string, data: unknown, event?: string): this {
    return this.write(`${event ? `event: ${event}\n` : ''}${id ? `id: ${id}\n` : ''}data: ${JSON.stringify(data)}\n\n`)
  }

  end(): void {
    this.#to.close()
  }

  cut(reason: unknown = new Error('cut')): void {
    if (this.isCut) return
    this.isCut = true
    try {
      this.#to.error(reason)
    } catch {
      // It had ended.
    }
  }
}

export function json(value: unknown, { status = 200, position, etag, ...headers }: Record<string, string | number> & { status?: number; position?: string; etag?: string } = {}): Response {
  const isEmpty = status === 304 || status === 204
  return new Response(isEmpty ? null : JSON.stringify(value), {
    status,
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      ...(position && { 'Martlet-Position': position }),
      ...(etag && { ETag: etag }),
      ...Object.fromEntries(Object.entries(headers).map(([name, held]) => [name, String(held)])),
    },
  })
}

/** A token with these claims; nobody here checks its signature. */
export function tokenOf(claims: Record<string, unknown>): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'HS256' })}.${part(claims)}.${part(Math.random())}`
}

/** What is used of a supabase client, with a session that a test changes. */
export class FakeSupabase {
  token: string | null
  refreshes = 0
  refreshed: (() => string | null) | undefined
  #changed: ((event: never, session: { access_token: string } | null) => void) | undefined

  constructor(token: string | null) {
    this.token = token
  }

  readonly auth = {
    getSession: () => Promise.resolve({ data: { session: this.#session() } }),
    onAuthStateChange: (changed: (event: never, session: { access_token: string } | null) => void) => {
      this.#changed = changed
      return { data: { subscription: { unsubscribe: () => void (this.#changed = undefined) } } }
    },
    refreshSession: () => {
      this.refreshes++
      if (this.refreshed) this.set(this.refreshed())
      return Promise.resolve({})
    },
  }

  /** Signs in, out, or refreshes. */
  set(token: string | null): void {
    this.token = token
    this.#changed?.('ANY' as never, this.#session())
  }

  #session(): { access_token: string } | null {
    return this.token === null ? null : { access_token: this.token }
  }
}
