import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { backoff } from '../../src/backoff.js'
import { debounce } from '../../src/debounce.js'
import { address, canonical, refusal } from '../../src/http.js'
import { identityOf } from '../../src/identity.js'
import { order } from '../../src/position.js'
import { tokenOf } from '../support/fake.js'

describe('positions', () => {
  test('are in order within one epoch, and without order between two', () => {
    expect(order('aa-9', 'aa-10')).toBeLessThan(0)
    expect(order('aa-10', 'aa-10')).toBe(0)
    expect(order('aa-11', 'aa-10')).toBeGreaterThan(0)
    for (const [one, other] of [['aa-9', 'bb-10'], [undefined, 'aa-1'], ['aa-1', undefined], [undefined, undefined], ['x', 'x'], ['', '']]) {
      expect(order(one, other), `${one} ${other}`).toBeNaN()
    }
  })
})

describe('identities', () => {
  const ana = { sub: 'ana', role: 'authenticated', exp: 1, iat: 1, jti: 'x' }

  test('last over a refresh and differ by every other claim', () => {
    expect(identityOf(tokenOf({ ...ana, exp: 2, iat: 2, jti: 'y' }))).toBe(identityOf(tokenOf(ana)))
    for (const other of [{ sub: 'ben' }, { role: 'staff' }, { tenant: 7 }, { sub: 'añá' }]) {
      expect(identityOf(tokenOf({ ...ana, ...other }))).not.toBe(identityOf(tokenOf(ana)))
    }
  })

  test('do not depend on the order of claims', () => {
    expect(identityOf(tokenOf({ role: 'a', sub: 'b' }))).toBe(identityOf(tokenOf({ sub: 'b', role: 'a' })))
  })

  test('are nobody without a token, and told apart where a token cannot be read', () => {
    expect([identityOf(null), identityOf('')]).toEqual(['anon', 'anon'])
    expect(identityOf('abc')).not.toBe(identityOf('abd'))
    expect(identityOf('a.%%%.c')[0]).toBe('?')
  })
})

describe('requests', () => {
  test('equal arguments have one text in whatever order', () => {
    expect(canonical({ b: [1, { d: 1, c: 2 }], a: 'x' })).toBe(canonical({ a: 'x', b: [1, { c: 2, d: 1 }] }))
    expect(canonical({ a: undefined })).toBe(canonical({}))
    expect(canonical({ a: 10n })).toBe('{"a":"10"}')
  })

  test('plain arguments stand in the URL; lists, secrets and what is long go in the body', () => {
    const of = (args: Record<string, unknown>, isSecret = false) => address('http://h', { name: 'q', args, isSecret })
    expect(of({ a: 'x y&z', b: 1, c: false, d: undefined })).toEqual({ url: 'http://h/rest/v1/rpc/q?a=x+y%26z&b=1&c=false' })
    expect(of({})).toEqual({ url: 'http://h/rest/v1/rpc/q' })
    expect(of({ a: [1] })).toEqual({ url: 'http://h/rest/v1/rpc/q', body: '{"a":[1]}' })
    expect(of({ a: null })).toEqual({ url: 'http://h/rest/v1/rpc/q', body: '{"a":null}' })
    expect(of({ key: 'k' }, true)).toEqual({ url: 'http://h/rest/v1/rpc/q', body: '{"key":"k"}' })
    expect(of({ a: 'x'.repeat(3_000) }).body).toBeDefined()
  })

  test('an error that is no JSON, or another JSON, is still an error', () => {
    expect(refusal(502, '<html>')).toEqual({ code: '502', message: 'the server answered 502', details: null, hint: null, status: 502 })
    for (const text of ['null', '1', '[]', '']) expect(refusal(500, text).code).toBe('500')
    expect(refusal(400, '{"code":"MRT001","message":"no","details":[1],"hint":"h"}')).toEqual({ code: 'MRT001', message: 'no', details: [1], hint: 'h', status: 400 })
  })
})

describe('back-off', () => {
  test('doubles up to half a minute, and is drawn', () => {
    for (const [failures, most] of [[1, 2_000], [2, 4_000], [3, 8_000], [10, 30_000], [10_000, 30_000]] as const) {
      const drawn = Array.from({ length: 200 }, () => backoff(2_000, failures))
      expect(Math.max(...drawn)).toBeLessThanOrEqual(most)
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(most / 2)
      expect(new Set(drawn).size).toBeGreaterThan(100)
    }
  })
})

describe('debounce', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('makes one call of a burst, 300 ms after its last, with the last arguments, for all', async () => {
    const call = vi.fn((value: string) => value.toUpperCase())
    const debounced = debounce(call)
    const first = debounced('a')
    await vi.advanceTimersByTimeAsync(299)
    const second = debounced('ab')
    await vi.advanceTimersByTimeAsync(299)
    expect(call).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.all([first, second])).toEqual(['AB', 'AB'])
    expect(call.mock.calls).toEqual([['ab']])
  })

  test('a call that throws fails its burst alone', async () => {
    let count = 0
    const debounced = debounce(() => {
      if (++count === 1) throw new Error('no')
      return count
    }, 10)
    const failed = expect(debounced()).rejects.toThrow('no')
    await vi.advanceTimersByTimeAsync(10)
    await failed
    const passed = debounced()
    await vi.advanceTimersByTimeAsync(10)
    expect(await passed).toBe(2)
  })

  test('is flushed and cancelled', async () => {
    const call = vi.fn()
    const debounced = debounce(call)
    debounced.flush()
    void debounced()
    debounced.flush()
    void debounced()
    debounced.cancel()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(call).toHaveBeenCalledTimes(1)
  })
})
