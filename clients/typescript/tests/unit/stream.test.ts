import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLive, type Live, type LiveOptions, type LiveState } from '../../src/index.js'
import { Fake, FakeSupabase, json, tokenOf, type Asked } from '../support/fake.js'
import { pass, stopTime } from '../support/time.js'

beforeEach(stopTime)
const open: Live[] = []
afterEach(() => {
  for (const live of open.splice(0)) live.close()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

function client(fake: Fake, options: LiveOptions = {}): Live {
  const live = createLive('http://server/', 'anon-key', { fetch: fake.fetch, ...options })
  open.push(live)
  return live
}

/** A server that opens a stream for whoever asks, and answers other requests with its newest value. */
function streaming(): Fake {
  const fake = new Fake((asked) => (asked.isStream ? fake.stream().response : json('asked', { position: 'e-0' })))
  return fake
}

function follow(live: Live, name = 'q', args: Record<string, unknown> = {}): { states: LiveState<unknown>[]; stop: () => void; now: () => LiveState<unknown> } {
  const states: LiveState<unknown>[] = []
  const watch = live.watch(name, args)
  const stop = watch.subscribe((state) => states.push(state))
  return { states, stop, now: () => watch.state }
}

describe('a stream', () => {
  test('gives each frame to its listeners, and says so', async () => {
    const fake = streaming()
    const { states, now } = follow(client(fake), 'free', { day: '2026-03-01', nights: 2 })
    await pass()
    expect(fake.asked[0]).toMatchObject({ method: 'GET', path: '/rest/v1/rpc/free?day=2026-03-01&nights=2' })
    expect(fake.asked[0]?.headers.get('apikey')).toBe('anon-key')
    expect(fake.asked[0]?.headers.has('Authorization')).toBe(false)
    expect(fake.asked[0]?.headers.has('Last-Event-ID')).toBe(false)
    expect(now()).toMatchObject({ data: undefined, connection: 'connecting' })
    fake.last.write('retry: 2000\n').frame('e-1.a', [1])
    await pass()
    expect(now()).toMatchObject({ data: [1], connection: 'live', isStale: false, error: undefined })
    fake.last.frame('e-2.b', [2])
    await pass()
    expect(states.filter(({ data }) => data).map(({ data }) => data)).toEqual([[1], [2]])
  })

  test('is shared by all who follow the same query with the same arguments, in whatever order', async () => {
    const fake = streaming()
    const live = client(fake)
    const first = follow(live, 'q', { a: 1, b: 2 })
    const second = follow(live, 'q', { b: 2, a: 1 })
    await pass()
    expect(fake.opened()).toHaveLength(1)
    fake.last.frame('e-1.a', 'x')
    await pass()
    expect(first.now()).toBe(second.now())
    first.stop()
    await pass(2_000)
    expect(fake.last.isCut).toBe(false)
    second.stop()
    await pass(400)
    expect(fake.last.isCut, 'a page that changes follows it again at once').toBe(false)
    await pass(200)
    expect(fake.last.isCut).toBe(true)
    expect(second.now()).toMatchObject({ data: 'x', connection: 'idle', isStale: true })
  })

  test('that was left and is followed again at once stays open', async () => {
    const fake = streaming()
    const live = client(fake)
    follow(live).stop()
    await pass(100)
    fake.last.frame('e-1.a', 1)
    follow(live)
    await pass(10_000)
    expect(fake.opened()).toHaveLength(1)
    expect(fake.last.isCut).toBe(false)
  })

  test('that breaks is opened again behind its last event, after the time that the server asks for', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const fake = streaming()
    const { now } = follow(client(fake))
    await pass()
    fake.last.write('retry: 5000\n').frame('e-7.tag', 'x')
    await pass()
    fake.last.cut()
    await pass()
    expect(now()).toMatchObject({ data: 'x', connection: 'waiting', isStale: true })
    await pass(4_900)
    expect(fake.opened()).toHaveLength(1)
    await pass(200)
    expect(fake.opened()).toHaveLength(2)
    expect(fake.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('e-7.tag')
    const before = now().data
    fake.last.write(': unchanged\n\n')
    await pass()
    expect(now()).toMatchObject({ connection: 'live', isStale: false })
    expect(now().data).toBe(before)
  })

  test('is tried ever more rarely while it fails, and at once when the page comes back online', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const listeners = new Map<string, () => void>()
    const navigator = { onLine: true }
    vi.stubGlobal('navigator', navigator)
    vi.stubGlobal('addEventListener', (type: string, listener: () => void) => listeners.set(type, listener))
    vi.stubGlobal('removeEventListener', () => {})
    const fake = new Fake(() => Promise.reject(new TypeError('failed to fetch')))
    const { now } = follow(client(fake))
    const tries: number[] = []
    for (let second = 0; second < 120; second++) {
      const before = fake.asked.length
      await pass(1_000)
      if (fake.asked.length > before) tries.push(second)
    }
    const gaps = tries.slice(1).map((at, index) => at - tries[index]!)
    expect(gaps.slice(0, 6)).toEqual([2, 4, 8, 16, 30, 30])
    expect(now()).toMatchObject({ connection: 'waiting', error: { code: 'network', message: 'failed to fetch', status: 0 } })
    navigator.onLine = false
    listeners.get('offline')!()
    const count = fake.asked.length
    await pass(300_000)
    expect(fake.asked).toHaveLength(count)
    fake.handler = () => fake.stream().response
    navigator.onLine = true
    listeners.get('online')!()
    await pass()
    expect(fake.asked).toHaveLength(count + 1)
    fake.last.frame('e-1.a', 1)
    await pass()
    expect(now()).toMatchObject({ data: 1, error: undefined, connection: 'live' })
  })

  test('closes when the page has been hidden for long, and goes on when it is seen', async () => {
    const listeners = new Map<string, () => void>()
    const document = { visibilityState: 'visible' }
    vi.stubGlobal('document', document)
    vi.stubGlobal('addEventListener', (type: string, listener: () => void) => listeners.set(type, listener))
    vi.stubGlobal('removeEventListener', () => {})
    const fake = streaming()
    const { now } = follow(client(fake, { hiddenAfterMs: 10_000 }))
    await pass()
    fake.last.frame('e-1.a', 1)
    await pass()
    const see = (state: string): void => {
      document.visibilityState = state
      listeners.get('visibilitychange')!()
    }
    see('hidden')
    await pass(9_000)
    see('visible')
    await pass(9_000)
    expect(fake.last.isCut, 'a short look elsewhere').toBe(false)
    see('hidden')
    await pass(10_100)
    expect(fake.last.isCut).toBe(true)
    expect(now()).toMatchObject({ data: 1, isStale: true, connection: 'waiting' })
    await pass(60_000)
    expect(fake.opened()).toHaveLength(1)
    see('visible')
    await pass()
    expect(fake.opened()).toHaveLength(2)
    expect(fake.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('e-1.a')
  })

  test('that says nothing for longer than a heartbeat is given up', async () => {
    const fake = streaming()
    follow(client(fake))
    await pass()
    fake.last.frame('e-1.a', 1)
    for (let beats = 0; beats < 5; beats++) {
      await pass(60_000)
      fake.last.write(': \n')
    }
    await pass(80_000)
    expect(fake.opened()).toHaveLength(1)
    await pass(20_000)
    expect(fake.opened()).toHaveLength(2)
  })

  test('tells an error and goes on', async () => {
    const fake = streaming()
    const { now } = follow(client(fake))
    await pass()
    fake.last.frame('e-1.a', 1).frame('', { code: '57014', message: 'too slow' }, 'error')
    await pass()
    expect(now()).toMatchObject({ data: 1, error: { code: '57014' }, connection: 'live' })
    fake.last.frame('e-2.b', 2)
    await pass()
    expect(now()).toMatchObject({ data: 2, error: undefined })
    expect(fake.opened()).toHaveLength(1)
  })

  test('that is no JSON is opened again', async () => {
    const fake = streaming()
    const { now } = follow(client(fake))
    await pass()
    fake.last.write('data: {"a"\n\n')
    await pass(3_000)
    expect(fake.opened()).toHaveLength(2)
    expect(now().error?.code).toBe('network')
  })

  test('of a server that stops is opened again in the time that it says', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(1)
    const fake = streaming()
    const { now } = follow(client(fake))
    await pass()
    fake.last.frame('e-1.a', 1).write('retry: 4000\n').frame('', { code: 'MRT035', message: 'stopping' }, 'end')
    await pass(3_900)
    expect(fake.opened()).toHaveLength(1)
    expect(now().error).toBeUndefined()
    await pass(200)
    expect(fake.opened()).toHaveLength(2)
  })

  test('that is refused for good is asked for again a minute later', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const fake = new Fake(() => json({ code: '42501', message: 'no' }, { status: 403 }))
    const { now } = follow(client(fake))
    await pass(59_000)
    expect(fake.asked).toHaveLength(1)
    expect(now()).toMatchObject({ error: { code: '42501', status: 403 }, connection: 'waiting' })
    fake.handler = () => fake.stream().response
    await pass(2_000)
    fake.last.frame('e-1.a', 1)
    await pass()
    expect(now()).toMatchObject({ data: 1, error: undefined, connection: 'live' })
  })

  test('waits as long as a server without time asks for', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const fake = new Fake(() => json({ code: 'MRT053' }, { status: 503, 'Retry-After': 20 }))
    follow(client(fake))
    await pass(19_000)
    expect(fake.asked).toHaveLength(1)
    await pass(2_000)
    expect(fake.asked).toHaveLength(2)
  })
})

describe('tokens', () => {
  const user = { sub: 'ana', role: 'authenticated' }

  test('a token that is refreshed opens the stream again behind its last event, with nothing lost to see', async () => {
    const fake = streaming()
    const first = tokenOf({ ...user, exp: 1 })
    const supabase = new FakeSupabase(first)
    const { now, states } = follow(client(fake, { supabase }))
    await pass()
    expect(fake.asked[0]?.headers.get('Authorization')).toBe(`Bearer ${first}`)
    fake.last.frame('e-1.a', 1)
    await pass()
    const second = tokenOf({ ...user, exp: 2 })
    const seen = states.length
    supabase.set(second)
    await pass()
    expect(fake.streams[0]?.isCut).toBe(true)
    expect(fake.asked.at(-1)?.headers.get('Authorization')).toBe(`Bearer ${second}`)
    expect(fake.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('e-1.a')
    fake.last.write(': unchanged\n\n')
    await pass()
    expect(now()).toMatchObject({ data: 1, connection: 'live', isStale: false })
    expect(states.length, 'nobody is told of it').toBe(seen)
  })

  test('a stream that ends with its token is opened at once with the next', async () => {
    const fake = streaming()
    const supabase = new FakeSupabase(tokenOf({ ...user, exp: 1 }))
    const next = tokenOf({ ...user, exp: 2 })
    const { now } = follow(client(fake, { supabase }))
    await pass()
    fake.last.frame('e-1.a', 1)
    await pass()
    // supabase-js refreshes when it is asked for a session that has ended.
    supabase.token = next
    fake.last.frame('', { code: 'PGRST303', message: 'JWT expired' }, 'end')
    await pass()
    expect(fake.opened()).toHaveLength(2)
    expect(fake.asked.at(-1)?.headers.get('Authorization')).toBe(`Bearer ${next}`)
    expect(supabase.refreshes).toBe(0)
    expect(now()).toMatchObject({ data: 1, error: undefined })
  })

  test('a client whose clock is behind asks for a refresh', async () => {
    const fake = streaming()
    const supabase = new FakeSupabase(tokenOf({ ...user, exp: 1 }))
    const next = tokenOf({ ...user, exp: 2 })
    supabase.refreshed = () => next
    follow(client(fake, { supabase }))
    await pass()
    fake.last.frame('e-1.a', 1).frame('', { code: 'PGRST303', message: 'JWT expired' }, 'end')
    await pass()
    expect(supabase.refreshes).toBe(1)
    expect(fake.asked.at(-1)?.headers.get('Authorization')).toBe(`Bearer ${next}`)
  })

  test('tokens that are refused again and again are no endless loop', async () => {
    const fake = new Fake(() => json({ code: 'PGRST303', message: 'JWT expired' }, { status: 401 }))
    const supabase = new FakeSupabase(tokenOf(user))
    supabase.refreshed = () => tokenOf(user)
    const { now } = follow(client(fake, { supabase }))
    await pass(60_000)
    expect(fake.asked.length).toBeLessThan(12)
    supabase.refreshed = undefined
    await pass(60_000)
    expect(now()).toMatchObject({ error: { code: 'PGRST303' }, connection: 'waiting' })
  })

  test('a token that a function gives is asked for at each attempt', async () => {
    const fake = streaming()
    let token = tokenOf({ ...user, exp: 1 })
    const live = client(fake, { accessToken: () => Promise.resolve(token) })
    follow(live)
    await pass()
    fake.last.frame('e-1.a', 1)
    token = tokenOf({ ...user, exp: 2 })
    void live.tokenChanged()
    await pass()
    expect(fake.asked.at(-1)?.headers.get('Authorization')).toBe(`Bearer ${token}`)
  })

  test('a function that gives no token for a while is asked again', async () => {
    const fake = streaming()
    let isBroken = true
    follow(client(fake, { accessToken: () => (isBroken ? Promise.reject(new Error('no')) : null) }))
    await pass(1_000)
    expect(fake.asked).toHaveLength(0)
    isBroken = false
    await pass(5_000)
    expect(fake.opened()).toHaveLength(1)
  })

  test('another user sees nothing of the one before, not for a moment', async () => {
    const fake = streaming()
    const supabase = new FakeSupabase(tokenOf(user))
    const { now, states } = follow(client(fake, { supabase }))
    await pass()
    fake.last.frame('e-1.a', 'of ana')
    await pass()
    const old = fake.last
    states.length = 0
    // The next frame is on its way while the user signs out.
    old.frame('e-2.b', 'of ana, later')
    supabase.set(null)
    expect(now()).toMatchObject({ data: undefined })
    await pass()
    expect(fake.asked.at(-1)?.headers.has('Authorization')).toBe(false)
    expect(fake.asked.at(-1)?.headers.has('Last-Event-ID')).toBe(false)
    supabase.set(tokenOf({ ...user, sub: 'ben' }))
    await pass()
    fake.last.frame('e-2.c', 'of ben')
    await pass()
    expect(now().data).toBe('of ben')
    expect(JSON.stringify(states)).not.toContain('ana')
  })

  test('a session that was asked for before a sign-out does not undo it', async () => {
    const fake = streaming()
    const supabase = new FakeSupabase(null)
    type Got = { data: { session: { access_token: string } | null } }
    let answer!: (got: Got) => void
    const asked = supabase.auth.getSession
    supabase.auth.getSession = () => new Promise<Got>((resolve) => (answer = resolve))
    follow(client(fake, { supabase }))
    await pass()
    supabase.auth.getSession = asked
    supabase.set(null)
    answer({ data: { session: { access_token: tokenOf(user) } } })
    await pass()
    expect(fake.opened().map((opened) => opened.headers.has('Authorization'))).toEqual([false])
  })
})

describe('several queries', () => {
  const parts = (...bodies: unknown[]): unknown => bodies.map((body) => ({ status: 200, body }))
  const namesOf = (asked: Asked | undefined): string[] => (asked?.body as { queries: { name: string }[] }).queries.map(({ name }) => name)

  test('beyond the bound share one connection', async () => {
    const fake = streaming()
    const live = client(fake, { streamsMax: 2 })
    const all = ['a', 'b', 'c'].map((name) => follow(live, name, { of: name }))
    await pass()
    expect(fake.opened().map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /rest/v1/rpc/a?of=a', 'POST /rest/v1/batch'])
    expect(fake.asked[1]?.body).toEqual({ queries: [{ name: 'b', args: { of: 'b' } }, { name: 'c', args: { of: 'c' } }] })
    fake.streams[1]!.frame('e-1.t', parts(['b'], null))
    await pass()
    expect(all.map(({ now }) => now().data)).toEqual([undefined, ['b'], null])
    const kept = all[1]!.now().data
    fake.streams[1]!.frame('e-2.u', parts(['b'], 'c'), 'partial')
    await pass()
    expect(all.map(({ now }) => now().data)).toEqual([undefined, ['b'], 'c'])
    expect(all[1]!.now().data, 'what has not changed stays the same object').toBe(kept)
  })

  test('go on behind the last event only as the same set', async () => {
    const fake = streaming()
    const live = client(fake, { streamsMax: 1 })
    const one = follow(live, 'a')
    follow(live, 'b')
    await pass()
    fake.last.frame('e-1.t', parts(1, 2))
    await pass()
    fake.last.cut()
    await pass(3_000)
    expect(fake.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('e-1.t')
    follow(live, 'c')
    await pass()
    expect(namesOf(fake.asked.at(-1))).toEqual(['a', 'b', 'c'])
    expect(fake.asked.at(-1)?.headers.has('Last-Event-ID')).toBe(false)
    one.stop()
    await pass(1_000)
    expect(namesOf(fake.asked.at(-1))).toEqual(['b', 'c'])
  })

  test('fail each for itself', async () => {
    const fake = streaming()
    const live = client(fake, { streamsMax: 1 })
    const [a, b] = [follow(live, 'a'), follow(live, 'b')]
    await pass()
    fake.last.frame('e-1.t', [{ status: 404, body: { code: 'PGRST202', message: 'no a' } }, { status: 200, body: 2 }])
    await pass()
    expect(a.now()).toMatchObject({ data: undefined, error: { code: 'PGRST202', status: 404 } })
    expect(b.now()).toMatchObject({ data: 2, error: undefined })
  })

  test('more than a batch holds are polled', async () => {
    const fake = streaming()
    const live = client(fake, { streamsMax: 1 })
    for (let count = 0; count < 101; count++) follow(live, 'q', { count })
    await pass()
    expect(namesOf(fake.opened()[0])).toHaveLength(100)
    expect(fake.asked.filter(({ isStream }) => !isStream).map(({ path }) => path)).toEqual(['/rest/v1/rpc/q?count=100'])
  })
})

describe('polling', () => {
  test('takes the place of streams that do not come through, and tries them again', async () => {
    const fake = new Fake((asked) => (asked.isStream ? new Promise<Response>(() => {}) : json('asked', { position: 'e-1' })))
    const { now } = follow(client(fake))
    await pass(3_900)
    expect(now()).toMatchObject({ data: undefined, connection: 'connecting' })
    await pass(200)
    expect(now()).toMatchObject({ data: 'asked', connection: 'polling', isStale: false, error: undefined })
    fake.handler = (asked) => (asked.isStream ? fake.stream().frame('e-2.a', 'live').response : json('asked', { position: 'e-1' }))
    await pass(100_000)
    expect(now()).toMatchObject({ data: 'live', connection: 'live' })
  })

  test.each([
    ['a server that knows no streams', () => json('plain')],
    ['a client that cannot read bit by bit', () => ({ ok: true, headers: new Headers({ 'Content-Type': 'text/event-stream' }), body: null }) as Response],
    ['too many streams', () => json({ code: 'MRT034' }, { status: 429, 'Retry-After': 5 })],
  ])('is what is left for %s', async (_, answer) => {
    const fake = new Fake((asked) => (asked.isStream ? answer() : json('asked')))
    const { now } = follow(client(fake))
    await pass()
    await pass(10)
    expect(now()).toMatchObject({ data: 'asked', connection: 'polling', error: undefined })
  })

  test('is what is left for an answer that cannot be followed, alone and among others', async () => {
    const error = { code: 'MRT031', message: 'it depends on the time' }
    const fake = new Fake((asked) => {
      if (!asked.isStream) return json(asked.path)
      if (asked.method === 'GET') return asked.path.endsWith('/now') ? json(error, { status: 422 }) : fake.stream().frame('e-1.a', 'live').response
      const { queries } = asked.body as { queries: { name: string }[] }
      return fake.stream().frame('e-1.b', queries.map(({ name }) => (name === 'now' ? { status: 422, body: error } : { status: 200, body: 'live' }))).response
    })
    const alone = follow(client(fake), 'now')
    await pass()
    await pass(10)
    expect(alone.now()).toMatchObject({ data: '/rest/v1/rpc/now', connection: 'polling', error: undefined })
    const live = client(fake)
    const all = ['a', 'now', 'b'].map((name) => follow(live, name))
    await pass()
    await pass(10)
    await pass(10)
    expect(all.map(({ now }) => [now().data, now().connection])).toEqual([['live', 'live'], ['/rest/v1/rpc/now', 'polling'], ['live', 'live']])
    expect(all.map(({ now }) => now().error)).toEqual([undefined, undefined, undefined])
    await pass(60_000)
    expect(live.stats.streams, 'no other is opened for it').toBe(2)
    for (const { stop } of all) stop()
    await pass(1_000)
    const asked = fake.asked.length
    alone.stop()
    await pass(200_000)
    expect(fake.asked.slice(asked).every(({ path }) => path.endsWith('/now'))).toBe(true)
    expect(fake.asked.length - asked).toBeLessThan(2)
  })

  test('comes quickly while answers change, and rarely while they do not', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    let value = 0
    let isChanging = false
    const fake = new Fake((asked) => {
      if (isChanging) value++
      const etag = `"${value}"`
      return asked.headers.get('If-None-Match') === etag ? json(null, { status: 304, etag, position: `e-${value}` }) : json(value, { etag, position: `e-${value}` })
    })
    const live = client(fake, { transport: 'poll', pollMinMs: 1_000, pollMaxMs: 20_000 })
    const { now, states } = follow(live)
    await pass(200_000)
    const quiet = fake.asked.length
    expect(quiet).toBeLessThan(20)
    expect(live.stats.notModified).toBe(quiet - 1)
    const told = states.length
    await pass(60_000)
    expect(states.length, 'answers that are the same are told to nobody').toBe(told)
    isChanging = true
    await pass(60_000)
    expect(fake.asked.length).toBeGreaterThan(quiet + 25)
    expect(now().data).toBe(value)
    expect(fake.opened()).toHaveLength(0)
  })

  test('looks at once after a write of its own', async () => {
    const fake = new Fake((asked) => (asked.method === 'POST' ? json(1, { position: 'e-2' }) : json('new', { position: 'e-2' })))
    const live = client(fake, { transport: 'poll' })
    follow(live)
    await pass(300_000)
    const before = fake.asked.length
    void live.act('write', {})
    await pass(10)
    expect(fake.asked.slice(before).map(({ method }) => method)).toEqual(['POST', 'GET'])
  })
})
