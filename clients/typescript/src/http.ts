/** Requests to the server: what is asked, with whose token, and what came of it. */

import type { Auth } from './auth.js'
import type { LiveError } from './types.js'

/** One query or action with its arguments. */
export interface Call {
  readonly name: string
  readonly args: Record<string, unknown>
  /** Its arguments are secrets and must not stand in a URL. */
  readonly isSecret: boolean
}

/** Longer URLs are cut or refused on the way: such arguments go in the body. */
const URL_SIZE_MAX = 2_000

/** Same arguments, same text, in whatever order they were written. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === 'bigint') return String(part)
    if (!part || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort())
  })
}

/** The URL and, where it is not a GET, the body. GET where it can be, for only that has an `ETag`. */
export function address(base: string, { name, args, isSecret }: Call): Address {
  const given = Object.entries(args).filter(([, value]) => value !== undefined)
  const url = `${base}/rest/v1/rpc/${encodeURIComponent(name)}`
  const isPlain = given.every(([, value]) => /^(string|number|boolean|bigint)$/.test(typeof value))
  if (isPlain && !isSecret) {
    const query = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
    const whole = query ? `${url}?${query}` : url
    if (whole.length <= URL_SIZE_MAX) return { url: whole }
  }
  return { url, body: bodyOf(args) }
}

/** JSON; a bigint is a string of digits, as the server takes it. */
export function bodyOf(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

export interface Sender {
  readonly base: string
  readonly key: string
  readonly auth: Auth
  readonly fetch: typeof fetch
  readonly timeoutMs: number
}

export interface Address {
  readonly url: string
  /** Where it is not a GET. */
  readonly body?: string
}

/** Sends a request with a token. */
export function request(from: Sender, { url, body }: Address, token: string | null, extra: Record<string, string>, signal: AbortSignal): Promise<Response> {
  return from.fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      ...(from.key && { apikey: from.key }),
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...extra,
    },
    body: body ?? null,
    // Answers are kept here, by identity; the browser's cache would only hide a 304.
    cache: 'no-store',
    signal,
  })
}

export function failure(code: string, message: string): LiveError {
  return { code, message, details: null, hint: null, status: 0 }
}

/** What was thrown instead of an answer. */
export function thrown(error: unknown): LiveError {
  const { name, message } = Object(error) as Partial<Error>
  return failure(name === 'TimeoutError' ? 'timeout' : 'network', message ?? String(error))
}

/** The server's error, whatever stands between may have made of it. */
export function refusal(status: number, text: string): LiveError {
  let told: unknown
  try {
    told = JSON.parse(text)
  } catch {
    // A proxy's page says nothing to a program.
  }
  return { ...failure(String(status), `the server answered ${status}`), ...(Object(told) as object), status }
}

/** A token that has ended, or was never good. */
export function isTokenError({ code, status }: LiveError): boolean {
  return status === 401 || /^PGRST30[13]$/.test(code)
}

export interface Reply {
  /** Why there is no answer. */
  readonly error?: LiveError
  readonly text?: string
  readonly position?: string | undefined
  readonly etag?: string | undefined
  /** 304: what is known is good. */
  readonly isKnown?: boolean
}

/**
 * Sends a call and reads its answer to the end, within the time.
 *
 * A token that the server refuses is renewed once.
 */
export async function send(from: Sender, call: Address, extra: Record<string, string>, generation: number): Promise<Reply> {
  for (let isSecond = false; ; isSecond = true) {
    try {
      const token = await from.auth.token()
      // What one user has asked for is not sent as another.
      if (generation !== from.auth.generation) return { error: failure('identity_changed', 'another user has signed in') }
      const response = await request(from, call, token, extra, AbortSignal.timeout(from.timeoutMs))
      const { status, headers } = response
      const text = await response.text()
      const isKnown = status === 304
      if (!response.ok && !isKnown) {
        if (status === 401 && !isSecond && (await from.auth.renew(token))) continue
        return { error: refusal(status, text) }
      }
      return { text, isKnown, position: headers.get('Martlet-Position') ?? undefined, etag: headers.get('ETag') ?? undefined }
    } catch (error) {
      return { error: thrown(error) }
    }
  }
}
