import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLive, type Live, type LiveOptions } from '../../src/index.js'
import { Fake, FakeSupabase, json, tokenOf, type Asked } from '../support/fake.js'
import { pass, stopTime } from '../support/time.js'

beforeEach(stopTime)
const open: Live[] = []
afterEach(() => {
  for (const live of open.splice(0)) live.close()
  vi.restoreAllMocks()
  vi.useRealTimers()
})

function client(fake: Fake, options: LiveOptions = {}): Live {
  const live = createLive('http://server', '', { fetch: fake.fetch, ...options })
  open.push(live)
  return live
}

/** A database of one list, at a position; writes append, and answers can be held back. */
class Server extends Fake {
  rows: string[] = ['a']
  number = 0
  holds: (() => void)[] | undefined

  constructor() {
    super((asked) => this.#answer(asked))
  }

  /** Answers from now on wait for `release`, each as it was when it was asked for. */
  hold(): void {
    this.holds = []
  }

  async release(): Promise<void> {
    const holds = this.holds ?? []
    this.holds = undefined
    for (const go of holds) go()
    await pass(1)
  }

  write(row: string): void {
    this.rows = [...this.rows, row]
    this.number++
  }

  get position(): string {
    return `e-${this.number}`
  }

  async #answer(asked: Asked): Promise<Response> {
    if (asked.isStream) return this.stream().frame(`${this.position}.${this.rows.length}`, this.rows).response
    if (asked.path.startsWith('/rest/v1/rpc/refuse')) return json({ code: 'sold_out', message: 'no room' }, { status: 409 })
    if (asked.method === 'POST') this.write((asked.body as { row: string }).row)
    const etag = `"${this.rows.join()}"`
    const isKnown = asked.headers.get('If-None-Match') === etag
    const answer = isKnown ? json(null, { status: 304, position: this.position, etag }) : json(this.rows, { position: this.position, etag })
    const { holds } = this
    if (holds) await new Promise<void>((resolve) => holds.push(resolve))
    return answer
  }
}

const list = (fake: Fake): Asked[] => fake.asked.filter(({ method, isStream }) => method === 'GET' && !isStream)

describe('reading', () => {
  test('equal requests under way are one', async () => {
    const server = new Server()
    const live = client(server)
    server.hold()
    const both = [live.get('rows', { a: 1, b: 2 }), live.get('rows', { b: 2, a: 1 }), live.watch('rows', { a: 1, b: 2 }).refetch()]
    await pass()
    expect(list(server)).toHaveLength(1)
    await server.release()
    expect(await Promise.all(both)).toEqual(Array(3).fill({ data: ['a'], error: null }))
    expect(live.stats).toMatchObject({ requests: 1, shared: 2 })
  })

  test('a fresh answer is given from memory; an older one too, and asked for again behind it; a very old one is waited for', async () => {
    const server = new Server()
    const live = client(server)
    await live.get('rows')
    server.write('b')
    await pass(1_900)
    expect((await live.get('rows')).data).toEqual(['a'])
    await pass()
    expect(list(server)).toHaveLength(1)
    await pass(1_000)
    expect((await live.get('rows')).data, 'at once').toEqual(['a'])
    await pass()
    expect(list(server)).toHaveLength(2)
    expect((await live.get('rows')).data).toEqual(['a', 'b'])
    server.write('c')
    await pass(400_000)
    expect((await live.get('rows')).data).toEqual(['a', 'b', 'c'])
    expect((await live.get('rows', {}, { freshMs: 0, staleMs: 0 })).data).toEqual(['a', 'b', 'c'])
    expect(list(server)).toHaveLength(4)
  })

  test('what is known is asked for with its tag, and 304 sends nothing again', async () => {
    const server = new Server()
    const live = client(server)
    const first = await live.get('rows')
    const second = await live.get('rows', {}, { freshMs: 0, staleMs: 0 })
    expect(list(server).map(({ headers }) => headers.get('If-None-Match'))).toEqual([null, '"a"'])
    expect(second.data, 'the same object').toBe(first.data)
    expect(live.stats.notModified).toBe(1)
  })

  test('what is live is given without asking', async () => {
    const server = new Server()
    const live = client(server)
    live.watch('rows').subscribe(() => {})
    await pass()
    await pass(500_000)
    server.last.write(': \n')
    await pass()
    expect((await live.get('rows', {}, { freshMs: 0, staleMs: 0 })).data).toEqual(['a'])
    expect(list(server)).toHaveLength(0)
  })

  test('what fails says why, with what is still known', async () => {
    const server = new Server()
    const live = client(server)
    await live.get('rows')
    server.handler = () => Promise.reject(new TypeError('failed to fetch'))
    expect(await live.get('rows', {}, { freshMs: 0, staleMs: 0 })).toMatchObject({ data: ['a'], error: { code: 'network', status: 0 } })
    server.handler = () => json({ code: '42501', message: 'no' }, { status: 403 })
    expect(await live.get('other')).toMatchObject({ data: null, error: { code: '42501', message: 'no', status: 403 } })
    server.handler = () => new Response('<html>', { status: 200 })
    expect(await live.get('third')).toMatchObject({ data: null, error: { code: 'network' } })
  })

  test('a server that does not answer in time has failed', async () => {
    vi.useRealTimers()
    const live = client(new Fake(() => new Promise<Response>(() => {})), { timeoutMs: 20 })
    expect((await live.get('rows')).error).toMatchObject({ code: 'timeout', status: 0 })
  })

  test('a token that is refused is renewed once', async () => {
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana', exp: 1 }))
    const good = tokenOf({ sub: 'ana', exp: 2 })
    supabase.refreshed = () => good
    const server = new Fake(({ headers }) => (headers.get('Authorization') === `Bearer ${good}` ? json('mine') : json({ code: 'PGRST303' }, { status: 401 })))
    const live = client(server, { supabase })
    expect(await live.get('rows')).toEqual({ data: 'mine', error: null })
    expect(server.asked).toHaveLength(2)
    supabase.refreshed = undefined
    server.handler = () => json({ code: 'PGRST303', message: 'over' }, { status: 401 })
    expect((await live.get('other')).error?.code).toBe('PGRST303')
    expect(server.asked).toHaveLength(3)
  })

  test('an answer for one user is never given to the next, who is answered by a request of his own', async () => {
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana' }))
    const server = new Fake(({ headers }) => json(JSON.parse(atob(headers.get('Authorization')!.split('.')[1]!))))
    let go!: () => void
    const { handler } = server
    server.handler = async (asked) => {
      const answer = handler(asked)
      if (server.asked.length === 1) await new Promise<void>((resolve) => (go = resolve))
      return answer
    }
    const live = client(server, { supabase })
    const late = live.get('me')
    await pass()
    supabase.set(tokenOf({ sub: 'ben' }))
    expect((await live.get('me')).data).toEqual({ sub: 'ben' })
    go()
    expect((await late).data).toEqual({ sub: 'ben' })
    expect(live.watch('me').state.data).toEqual({ sub: 'ben' })
  })

  test('what nobody follows is forgotten beyond a number, the longest unused first', async () => {
    const server = new Server()
    const live = client(server, { entriesMax: 3 })
    const watch = live.watch('rows', { n: 0 })
    watch.subscribe(() => {})
    await pass()
    for (let n = 1; n <= 3; n++) await live.get('rows', { n })
    await live.get('rows', { n: 2 })
    await live.get('rows', { n: 4 })
    const asked = list(server).length
    await live.get('rows', { n: 2 })
    expect(list(server)).toHaveLength(asked)
    await live.get('rows', { n: 1 })
    expect(list(server)).toHaveLength(asked + 1)
    expect(watch.state.data).toEqual(['a'])
  })
})

describe('optimistic updates', () => {
  const add = (row: string) => (rows: unknown) => [...(rows as string[]), row]

  async function followed(server: Server): Promise<{ live: Live; shown: () => unknown; isOptimistic: () => boolean; history: unknown[] }> {
    const live = client(server)
    const watch = live.watch('rows')
    const history: unknown[] = []
    watch.subscribe(({ data }) => history.push(data))
    await pass()
    expect(watch.state.data).toEqual(['a'])
    return { live, shown: () => watch.state.data, isOptimistic: () => watch.state.isOptimistic, history }
  }

  test('are shown at once, and stand until an answer shows the write', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    server.hold()
    const done = live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b?'))] })
    expect(shown()).toEqual(['a', 'b?'])
    await pass()
    await server.release()
    expect(await done).toEqual({ data: ['a', 'b'], error: null })
    expect([shown(), isOptimistic()]).toEqual([['a', 'b?'], true])
    server.last.frame('e-1.b', ['a', 'b'])
    await pass()
    expect([shown(), isOptimistic()]).toEqual([['a', 'b'], false])
  })

  test('roll back when the action fails, and take no other change with them', async () => {
    const server = new Server()
    const { live, shown } = await followed(server)
    server.hold()
    const added = live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b?'))] })
    const refused = live.act('refuse', {}, { optimistic: [live.change('rows', {}, add('c?'))] })
    expect(shown()).toEqual(['a', 'b?', 'c?'])
    await pass()
    expect((await refused).error?.code).toBe('sold_out')
    expect(shown()).toEqual(['a', 'b?'])
    await server.release()
    await added
    expect(live.stats.rollbacks).toBe(1)
  })

  test('roll back when the server cannot be reached', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    server.handler = () => Promise.reject(new TypeError('failed to fetch'))
    const { error } = await live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b?'))] })
    expect(error?.code).toBe('network')
    expect([shown(), isOptimistic()]).toEqual([['a'], false])
  })

  test('an answer that is older than the write does not undo them', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    server.write('x')
    server.write('y')
    const older = server.rows
    await live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b?'))] })
    server.last.frame('e-2.x', older)
    await pass()
    expect([shown(), isOptimistic()]).toEqual([['a', 'x', 'y', 'b?'], true])
    server.last.frame('e-3.b', server.rows)
    await pass()
    expect([shown(), isOptimistic()]).toEqual([['a', 'x', 'y', 'b'], false])
  })

  test('a frame that shows the write before its answer comes does not show it twice', async () => {
    const server = new Server()
    const { live, shown, history } = await followed(server)
    server.hold()
    const done = live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b'))] })
    await pass()
    server.last.frame('e-1.b', ['a', 'b'])
    await pass()
    expect(shown()).toEqual(['a', 'b'])
    await server.release()
    await done
    expect(shown()).toEqual(['a', 'b'])
    expect(history.filter((rows) => (rows as string[] | undefined)?.includes('b') && (rows as string[]).length > 2)).toEqual([])
  })

  test('a write that takes long holds up nothing for more than a second', async () => {
    const server = new Server()
    const { live, shown } = await followed(server)
    server.hold()
    void live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('b?'))] })
    await pass()
    server.last.frame('e-1.x', ['a', 'x'])
    await pass(900)
    expect(shown()).toEqual(['a', 'b?'])
    await pass(200)
    expect(shown()).toEqual(['a', 'x', 'b?'])
    await server.release()
  })

  test('a guess that was wrong goes when the stream has nothing to say of the write', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    const before = list(server).length
    server.handler = (asked) => (asked.method === 'POST' ? json({}, { position: 'e-5' }) : json(['a'], { position: 'e-5' }))
    await live.act('other', {}, { optimistic: [live.change('rows', {}, add('b?'))] })
    expect(shown()).toEqual(['a', 'b?'])
    await pass(400)
    expect(list(server)).toHaveLength(before + 1)
    expect([shown(), isOptimistic()]).toEqual([['a'], false])
  })

  test('a write that no answer ever shows is given up', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    server.handler = (asked) => (asked.method === 'POST' ? json({}, { position: 'e-5' }) : json(['a'], { position: 'e-4' }))
    await live.act('other', {}, { optimistic: [live.change('rows', {}, add('b?'))] })
    await pass(9_000)
    expect(isOptimistic()).toBe(true)
    await pass(10_000)
    expect([shown(), isOptimistic()]).toEqual([['a'], false])
  })

  test('a restart of the server between the write and its answer loses nothing', async () => {
    const server = new Server()
    const { live, shown, isOptimistic } = await followed(server)
    server.handler = (asked) => (asked.method === 'POST' ? json({}, { position: 'f-1' }) : json(['a', 'b'], { position: 'f-1' }))
    await live.act('add', {}, { optimistic: [live.change('rows', {}, add('b?'))] })
    expect(shown(), 'e-0 and f-1 have no order').toEqual(['a', 'b?'])
    server.last.frame('f-1.b', ['a', 'b'])
    await pass()
    expect([shown(), isOptimistic()]).toEqual([['a', 'b'], false])
  })

  test('a guess that does not fit what comes is dropped, and harms nothing', async () => {
    const server = new Server()
    const { live, shown } = await followed(server)
    server.hold()
    const done = live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, () => { throw new Error('no') })] })
    expect(shown()).toEqual(['a'])
    await pass()
    await server.release()
    expect((await done).error).toBeNull()
  })

  test('go with the user who made them', async () => {
    const server = new Server()
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana' }))
    const live = client(server, { supabase })
    const watch = live.watch('rows')
    watch.subscribe(() => {})
    await pass()
    server.hold()
    const done = live.act('add', { row: 'b' }, { optimistic: [live.change('rows', {}, add('of ana'))] })
    await pass()
    supabase.set(tokenOf({ sub: 'ben' }))
    await pass(1)
    expect(watch.state).toMatchObject({ data: ['a', 'b'], isOptimistic: false })
    await server.release()
    expect((await done).error).toBeNull()
    expect(watch.state).toMatchObject({ data: ['a', 'b'], isOptimistic: false })
  })
})

describe('writing', () => {
  test('a read that begins after a write waits for an answer that shows it', async () => {
    const server = new Server()
    const live = client(server)
    await live.get('rows')
    await live.act('add', { row: 'b' })
    expect((await live.get('rows')).data).toEqual(['a', 'b'])
  })

  test('a read under way when a write is answered is not shared by those who come later', async () => {
    const server = new Server()
    const live = client(server)
    server.hold()
    const early = live.get('rows')
    await pass()
    const { holds } = server
    server.holds = undefined
    await live.act('add', { row: 'b' })
    const late = live.get('rows')
    await pass()
    expect((await late).data).toEqual(['a', 'b'])
    for (const go of holds!) go()
    expect((await early).data, 'what came late is older than what is known').toEqual(['a', 'b'])
  })

  test('an idempotent action is tried again after a cut, under one key; another is not', async () => {
    const server = new Server()
    const live = client(server)
    const { handler } = server
    let cuts = 2
    server.handler = (asked) => {
      if (cuts-- > 0) throw new TypeError('failed to fetch')
      return handler(asked)
    }
    const done = live.act('add', { row: 'b' }, { idempotent: true })
    await pass(5_000)
    expect(await done).toEqual({ data: ['a', 'b'], error: null })
    const keys = server.asked.map(({ headers }) => headers.get('Idempotency-Key'))
    expect(keys).toHaveLength(3)
    expect(new Set(keys).size).toBe(1)
    expect(keys[0]).toMatch(/^\d+-\d+-\d+-\d+$/)
    cuts = 1
    expect((await live.act('add', { row: 'c' })).error?.code).toBe('network')
    expect(server.asked).toHaveLength(4)
    await live.act('add', { row: 'd' }, { idempotent: 'my-key' })
    expect(server.asked.at(-1)?.headers.get('Idempotency-Key')).toBe('my-key')
  })

  test('an answer without a body is null', async () => {
    const live = client(new Fake(() => new Response(null, { status: 204 })))
    expect(await live.act('nothing', {})).toEqual({ data: null, error: null })
  })

  test('searches and savings are debounced by 300 ms', async () => {
    const server = new Server()
    const live = client(server)
    const search = live.search('rows')
    const found = [search({ q: 'a' }), search({ q: 'ab' })]
    const save = live.save('add')
    const saved = [save({ row: 'x' }), save({ row: 'xy' })]
    await pass(299)
    expect(server.asked).toHaveLength(0)
    await pass(1)
    await Promise.all([...found, ...saved])
    expect(server.asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', '/rest/v1/rpc/rows?q=ab', undefined],
      ['POST', '/rest/v1/rpc/add', { row: 'xy' }],
    ])
    const now = save({ row: 'z' })
    save.flush()
    expect((await now).error).toBeNull()
  })

  test('what one user has typed is not saved as another', async () => {
    const server = new Server()
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana' }))
    const live = client(server, { supabase })
    await live.get('rows')
    const saved = live.save('add')({ row: 'of ana' })
    supabase.set(tokenOf({ sub: 'ben' }))
    await pass(300)
    expect((await saved).error?.code).toBe('identity_changed')
    expect(server.rows).toEqual(['a'])
  })

  test('the first token is no change of the user', async () => {
    const server = new Server()
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana' }))
    const live = client(server, { supabase })
    expect((await live.act('add', { row: 'b' })).error).toBeNull()
    expect(server.asked[0]?.headers.get('Authorization')).toBe(`Bearer ${supabase.token}`)
  })
})

describe('measures', () => {
  test('are told to observers, and the buffer keeps the last of each name', async () => {
    vi.useRealTimers()
    const seen: PerformanceEntry[] = []
    const observer = new PerformanceObserver((list) => void seen.push(...list.getEntries()))
    observer.observe({ entryTypes: ['measure'] })
    const server = new Server()
    const live = client(server)
    await live.get('rows')
    await live.get('rows')
    await live.act('add', { row: 'b' })
    live.watch('rows').subscribe(() => {})
    await vi.waitFor(() => expect(new Set(seen.map(({ name }) => name))).toEqual(new Set(['martlet:get:rows', 'martlet:act:add', 'martlet:open:rows', 'martlet:frame:rows'])))
    expect(seen.filter(({ name }) => name === 'martlet:get:rows')).toHaveLength(2)
    expect(performance.getEntriesByName('martlet:get:rows')).toHaveLength(1)
    observer.disconnect()
  })

  test('are not made where they are not wanted', async () => {
    performance.clearMeasures()
    await client(new Server(), { measures: false }).get('rows')
    expect(performance.getEntriesByType('measure')).toEqual([])
  })
})
