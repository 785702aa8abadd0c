import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLive, type StoredAnswer } from '../../src/index.js'
import { createStorage, type KeyValue } from '../../src/storage.js'
import { Fake, FakeSupabase, json, tokenOf } from '../support/fake.js'

afterEach(() => void vi.unstubAllGlobals())

/** A store of a fixed size, as browsers have it: what is too much throws. */
class Store implements KeyValue {
  readonly held = new Map<string, string>()
  sizeMax = 5_000_000

  get length(): number {
    return this.held.size
  }
  key(index: number): string | null {
    return [...this.held.keys()][index] ?? null
  }
  getItem(key: string): string | null {
    return this.held.get(key) ?? null
  }
  setItem(key: string, value: string): void {
    const others = [...this.held].filter(([name]) => name !== key).flat().join('').length
    if (others + key.length + value.length > this.sizeMax) throw new DOMException('full', 'QuotaExceededError')
    this.held.set(key, value)
  }
  removeItem(key: string): void {
    this.held.delete(key)
  }
  get size(): number {
    return [...this.held].flat().join('').length
  }
}

const answer = (text: string, at = 1_000): StoredAnswer => ({ text: JSON.stringify(text), position: 'e-1', etag: '"t"', event: { id: 'e-1.t', of: 'q?{}' }, at })
/** What deflate makes no smaller. */
const noise = (size: number): string => Array.from({ length: size }, () => Math.random().toString(36)[2]).join('')
const still = (): boolean => true

describe('storage', () => {
  let store: Store
  beforeEach(() => void (store = new Store()))

  test('gives back what it was given, compressed meanwhile', async () => {
    const kept = createStorage({ store })
    const long = answer('München, Zürich, 東京, \u0000\ud83d\ude00; '.repeat(1_000))
    await kept.put('ana', 'q?{}', long, still)
    expect(await kept.get('ana', 'q?{}')).toEqual(long)
    expect(store.size).toBeLessThan(long.text.length / 20)
    expect([...store.held.values()].join()).not.toContain('Zürich')
    expect(kept.stats).toEqual({ stored: 1, restored: 1, failures: 0 })
  })

  test('works without compression', async () => {
    vi.stubGlobal('CompressionStream', undefined)
    const kept = createStorage({ store })
    await kept.put('ana', 'q', answer('a|b %|東京'), still)
    expect((await kept.get('ana', 'q'))?.text).toBe('"a|b %|東京"')
  })

  test('finds nothing of another identity, another version or another layout', async () => {
    await createStorage({ store, version: '1' }).put('ana', 'q', answer('of ana'), still)
    expect(await createStorage({ store, version: '1' }).get('ben', 'q')).toBeUndefined()
    expect(await createStorage({ store, version: '2' }).get('ana', 'q')).toBeUndefined()
    const [name, value] = [...store.held][0]!
    store.held.set(name.replace('martlet:1:', 'martlet:0:'), value)
    store.held.delete(name)
    expect(await createStorage({ store, version: '1' }).get('ana', 'q')).toBeUndefined()
  })

  test('two identities whose names were one by chance are still two', async () => {
    const kept = createStorage({ store })
    await kept.put('ana', 'q', answer('of ana'), still)
    await kept.put('ben', 'q', answer('of ben'), still)
    const [anas, bens] = [...store.held.keys()] as [string, string]
    store.held.set(bens, store.held.get(anas)!)
    expect(await kept.get('ben', 'q')).toBeUndefined()
  })

  test('a sweep leaves the identity and nobody, and what is not ours', async () => {
    const kept = createStorage({ store })
    for (const who of ['ana', 'ben', 'anon']) await kept.put(who, 'q', answer(who), still)
    await createStorage({ store, version: 'old' }).put('ana', 'q', answer('old'), still)
    store.held.set('sb-auth-token', 'secret')
    kept.sweep('ben')
    expect(await Promise.all(['ana', 'ben', 'anon'].map(async (who) => (await kept.get(who, 'q'))?.text))).toEqual([undefined, '"ben"', '"anon"'])
    expect(store.held.size).toBe(3)
    expect(store.held.get('sb-auth-token')).toBe('secret')
  })

  test('stays within its bound: the oldest make room', async () => {
    const kept = createStorage({ store, sizeMax: 10_000 })
    for (let at = 1; at <= 50; at++) {
      await kept.put('ana', `q?${at}`, answer(noise(1_000), at), still)
      expect(store.size).toBeLessThanOrEqual(10_000)
    }
    const found = await Promise.all(Array.from({ length: 50 }, (_, at) => kept.get('ana', `q?${at + 1}`)))
    const there = found.flatMap((one, index) => (one ? [index + 1] : []))
    expect(there.length).toBeGreaterThan(5)
    expect(there).toEqual(Array.from({ length: there.length }, (_, index) => 51 - there.length + index))
    expect(kept.stats.failures).toBe(0)
  })

  test('what is larger than everything is not stored, and pushes nothing out', async () => {
    const kept = createStorage({ store, sizeMax: 10_000 })
    await kept.put('ana', 'small', answer('x'), still)
    await kept.put('ana', 'large', answer(noise(20_000)), still)
    expect((await kept.get('ana', 'small'))?.text).toBe('"x"')
  })

  test('a store that others have filled: ours make room, then it is given up', async () => {
    const kept = createStorage({ store })
    await kept.put('ana', 'old', answer(noise(1_000), 1), still)
    store.sizeMax = store.size + 500
    await kept.put('ana', 'new', answer(noise(1_000), 2), still)
    expect([await kept.get('ana', 'old'), (await kept.get('ana', 'new'))?.at]).toEqual([undefined, 2])
    expect(kept.stats.failures).toBe(0)
    store.sizeMax = 0
    await kept.put('ana', 'more', answer('x'), still)
    expect(kept.stats.failures).toBe(1)
    expect(await kept.get('ana', 'more')).toBeUndefined()
  })

  test('what is damaged is thrown away', async () => {
    const kept = createStorage({ store })
    await kept.put('ana', 'q', answer('x'), still)
    const [name] = [...store.held.keys()] as [string]
    for (const damaged of ['', 'x', '1|d|!!!', '1|d|AAAA', '1|p|{', '1|z|e30=', '1|p|null']) {
      store.held.set(name, damaged)
      expect(await kept.get('ana', 'q'), damaged).toBeUndefined()
      if (damaged) expect(store.held.has(name), damaged).toBe(false)
    }
  })

  test('a store that throws at every touch, or at its name, harms nothing', async () => {
    const denied = new Proxy({} as KeyValue, {
      get() {
        throw new DOMException('denied', 'SecurityError')
      },
    })
    const kept = createStorage({ store: denied })
    kept.sweep('ana')
    await kept.put('ana', 'q', answer('x'), still)
    expect(await kept.get('ana', 'q')).toBeUndefined()
    expect(kept.stats.failures).toBeGreaterThan(0)

    Object.defineProperty(globalThis, 'localStorage', { configurable: true, get: () => { throw new DOMException('denied', 'SecurityError') } })
    try {
      const unnamed = createStorage()
      await unnamed.put('ana', 'q', answer('x'), still)
      expect(await unnamed.get('ana', 'q')).toBeUndefined()
      expect(unnamed.stats).toEqual({ stored: 0, restored: 0, failures: 1 })
    } finally {
      Reflect.deleteProperty(globalThis, 'localStorage')
    }
  })

  test('where there is none, nothing is stored', async () => {
    vi.stubGlobal('localStorage', undefined)
    const kept = createStorage()
    kept.sweep('ana')
    await kept.put('ana', 'q', answer('x'), still)
    expect(await kept.get('ana', 'q')).toBeUndefined()
  })

  test('what has become another user\'s while it was compressed is not stored', async () => {
    await createStorage({ store }).put('ana', 'q', answer('x'), () => false)
    expect(store.held.size).toBe(0)
  })
})

describe('a client with storage', () => {
  const url = 'http://server'

  test('shows what it knew before a reload, and goes on behind it', async () => {
    const store = new Store()
    const server = new Fake(() => server.stream().response)
    const before = createLive(url, '', { fetch: server.fetch, storage: createStorage({ store }) })
    before.watch('rows').subscribe(() => {})
    await vi.waitFor(() => expect(server.streams).toHaveLength(1))
    server.last.frame('e-1.t', ['a'])
    await vi.waitFor(() => expect(store.held.size).toBe(1))
    before.close()

    const after = createLive(url, '', { fetch: server.fetch, storage: createStorage({ store }) })
    const watch = after.watch('rows')
    watch.subscribe(() => {})
    await vi.waitFor(() => expect(watch.state).toMatchObject({ data: ['a'], isStale: true }))
    await vi.waitFor(() => expect(server.streams).toHaveLength(2))
    expect(server.asked.at(-1)?.headers.get('Last-Event-ID')).toBe('e-1.t')
    server.last.write(': unchanged\n\n')
    await vi.waitFor(() => expect(watch.state).toMatchObject({ data: ['a'], isStale: false, connection: 'live' }))
    after.close()
  })

  test('asks with the tag that it has stored', async () => {
    const store = new Store()
    const server = new Fake(({ headers }) => json(['a'], { status: headers.has('If-None-Match') ? 304 : 200, etag: '"t"', position: 'e-1' }))
    const before = createLive(url, '', { fetch: server.fetch, storage: createStorage({ store }) })
    await before.get('rows')
    await vi.waitFor(() => expect(store.held.size).toBe(1))
    const after = createLive(url, '', { fetch: server.fetch, storage: createStorage({ store }) })
    expect(await after.get('rows', {}, { freshMs: 0, staleMs: 0 })).toEqual({ data: ['a'], error: null })
    expect(after.stats).toMatchObject({ requests: 1, notModified: 1 })
  })

  test('keeps nothing over a sign-out, shows nothing to the next, and never stores guesses or secrets', async () => {
    const store = new Store()
    const supabase = new FakeSupabase(tokenOf({ sub: 'ana' }))
    let isBroken = false
    const server = new Fake(({ method }) => (isBroken ? Promise.reject(new TypeError('cut')) : json(method === 'POST' && server.asked.length > 2 ? {} : ['of ana'], { position: 'e-1' })))
    const live = createLive(url, '', { fetch: server.fetch, supabase, storage: createStorage({ store }), secret: ['by_key'] })
    await live.get('mine')
    await live.get('by_key', { key: 'k3y' })
    void live.act('add', {}, { optimistic: [live.change('mine', {}, () => ['guess'])] })
    await vi.waitFor(() => expect(store.held.size).toBe(1))
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect([...store.held].flat().join()).not.toMatch(/k3y|by_key|ana/)
    const [saved] = [...store.held]
    supabase.set(null)
    expect(store.held.size).toBe(0)

    isBroken = true
    store.held.set(...saved!)
    supabase.set(tokenOf({ sub: 'ben' }))
    expect(store.held.size, 'what another tab has left').toBe(0)
    store.held.set(...saved!)
    expect(await live.get('mine')).toMatchObject({ data: null, error: { code: 'network' } })
  })
})
