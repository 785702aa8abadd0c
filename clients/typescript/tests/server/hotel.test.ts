/** The built module against the real binary. */

import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createLive, type Live, type LiveOptions, type LiveState } from '../../dist/index.js'
import { FakeSupabase } from '../support/fake.js'
import { Server } from '../support/server.js'

interface Room {
  id: number
  name: string
  price_cents: number
  free: number
}
interface Booking {
  id: number
  room_type_id: number
  status: string
}
interface Database {
  public: {
    Functions: {
      availability: { Args: { check_in: string; check_out: string }; Returns: Room[] }
      room_types: { Args: never; Returns: { id: number }[] }
      my_bookings: { Args: { size?: number }; Returns: { items: Booking[] } }
      report: { Args: never; Returns: unknown[] }
      book_room: { Args: { room_type_id: number; check_in: string; check_out: string }; Returns: Booking }
      cancel_booking: { Args: { booking_id: number }; Returns: { id: number; status: string } }
    }
  }
}

let server: Server
beforeAll(async () => {
  server = await Server.start('hotel')
})
afterAll(() => server.stop())

const open: Live<Database>[] = []
afterEach(() => {
  for (const live of open.splice(0)) live.close()
})

function client(options: LiveOptions = {}): Live<Database> {
  const live = createLive<Database>(server.url, '', options)
  open.push(live)
  return live
}

/** Every test has nights of its own. */
let nights = 0
function stay(): { check_in: string; check_out: string } {
  const day = (of: number): string => new Date(Date.UTC(2032, 0, 1 + of)).toISOString().slice(0, 10)
  nights += 3
  return { check_in: day(nights), check_out: day(nights + 2) }
}

const wait = { timeout: 15_000, interval: 5 }
const until = (holds: () => void): Promise<void> => vi.waitFor(holds, wait)
const free = (rooms: Room[] | undefined, id: number): number | undefined => rooms?.find((room) => room.id === id)?.free

describe('the hotel, live', () => {
  test('a booking changes what another client sees, without being asked', async () => {
    const nights = stay()
    const watcher = client()
    const watch = watcher.watch('availability', nights)
    const states: LiveState<Room[]>[] = []
    watch.subscribe((state) => states.push(state))
    await until(() => expect(watch.state).toMatchObject({ connection: 'live', isStale: false }))
    expect(free(watch.state.data, 7)).toBe(40)

    const guest = client({ accessToken: () => server.token(1) })
    const { data, error } = await guest.act('book_room', { room_type_id: 7, ...nights })
    expect(error).toBeNull()
    await until(() => expect(free(watch.state.data, 7)).toBe(39))
    await guest.act('cancel_booking', { booking_id: data!.id })
    await until(() => expect(free(watch.state.data, 7)).toBe(40))
    expect(watcher.stats).toMatchObject({ streams: 1, requests: 0 })
    expect(states.map(({ error }) => error).filter(Boolean)).toEqual([])
  })

  test('a booking of other nights tells nobody', async () => {
    const watcher = client()
    const watch = watcher.watch('availability', stay())
    watch.subscribe(() => {})
    await until(() => expect(watch.state.connection).toBe('live'))
    const guest = client({ accessToken: () => server.token(2) })
    expect((await guest.act('book_room', { room_type_id: 1, ...stay() })).error).toBeNull()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(watcher.stats.frames).toBe(1)
  })

  test('what is guessed is shown at once, and becomes what the server says, never anything else', async () => {
    const nights = stay()
    const live = client({ accessToken: () => server.token(3) })
    const watch = live.watch('availability', nights)
    const seen: (number | undefined)[] = []
    watch.subscribe(({ data }) => seen.push(free(data, 2)))
    await until(() => expect(watch.state.connection).toBe('live'))
    const guess = live.change('availability', nights, (rooms) => rooms.map((room) => (room.id === 2 ? { ...room, free: room.free - 1 } : room)))
    const done = live.act('book_room', { room_type_id: 2, ...nights }, { optimistic: [guess] })
    expect(free(watch.state.data, 2)).toBe(39)
    expect(watch.state.isOptimistic).toBe(true)
    expect((await done).error).toBeNull()
    await until(() => expect(watch.state).toMatchObject({ isOptimistic: false }))
    expect(free(watch.state.data, 2)).toBe(39)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(seen.filter((count) => count !== undefined && count !== 40 && count !== 39)).toEqual([])
    expect(seen.lastIndexOf(40), 'never back').toBeLessThan(seen.indexOf(39))
  })

  test('what is refused is taken back', async () => {
    const nights = stay()
    const live = client({ accessToken: () => server.token(4) })
    const watch = live.watch('availability', nights)
    watch.subscribe(() => {})
    await until(() => expect(watch.state.connection).toBe('live'))
    const before = watch.state.data
    const guess = live.change('availability', nights, () => [])
    const done = live.act('book_room', { room_type_id: 9_999, ...nights }, { optimistic: [guess] })
    expect(watch.state.data).toEqual([])
    expect((await done).error).toMatchObject({ code: 'unknown_room_type', status: 404 })
    expect(watch.state.data).toBe(before)
    expect(live.stats.rollbacks).toBe(1)
  })

  test('a guess about what the action does not change goes, though the stream says nothing', async () => {
    const live = client({ accessToken: () => server.token(5) })
    const other = stay()
    const watch = live.watch('availability', other)
    watch.subscribe(() => {})
    await until(() => expect(watch.state.connection).toBe('live'))
    const before = watch.state.data
    const guess = live.change('availability', other, () => [])
    expect((await live.act('book_room', { room_type_id: 1, ...stay() }, { optimistic: [guess] })).error).toBeNull()
    expect(watch.state).toMatchObject({ data: [], isOptimistic: true })
    await until(() => expect(watch.state.isOptimistic).toBe(false))
    expect(watch.state.data).toEqual(before)
  })

  test('a booking that is sent twice under one key is made once', async () => {
    const nights = stay()
    const live = client({ accessToken: () => server.token(6) })
    const args = { room_type_id: 3, ...nights }
    const both = await Promise.all([live.act('book_room', args, { idempotent: 'one-key' }), live.act('book_room', args, { idempotent: 'one-key' })])
    expect(both[0].error).toBeNull()
    expect(both[1]).toEqual(both[0])
    expect(free((await live.get('availability', nights)).data ?? undefined, 3)).toBe(39)
  })

  test('what has not changed is not sent again', async () => {
    const live = client()
    const first = await live.get('room_types')
    const second = await live.get('room_types', {}, { freshMs: 0, staleMs: 0 })
    expect(first.data).toHaveLength(40)
    expect(second.data).toBe(first.data)
    expect(live.stats).toMatchObject({ requests: 2, notModified: 1 })
  })

  test('many queries share one connection, and each is told of its own changes', async () => {
    const live = client({ accessToken: () => server.token(7), streamsMax: 1 })
    const all = Array.from({ length: 10 }, () => {
      const nights = stay()
      const watch = live.watch('availability', nights)
      watch.subscribe(() => {})
      return { nights, watch }
    })
    await until(() => {
      for (const { watch } of all) expect(watch.state).toMatchObject({ connection: 'live', error: undefined })
    })
    expect(live.stats.streams).toBeLessThan(3)
    const kept = all.map(({ watch }) => watch.state.data)
    expect((await live.act('book_room', { room_type_id: 5, ...all[4]!.nights })).error).toBeNull()
    await until(() => expect(free(all[4]!.watch.state.data, 5)).toBe(39))
    expect(all.map(({ watch }, index) => watch.state.data === kept[index])).toEqual(all.map((_, index) => index !== 4))
  })

  test('polling sees the same', async () => {
    const nights = stay()
    const live = client({ transport: 'poll', pollMinMs: 50, pollMaxMs: 200 })
    const watch = live.watch('availability', nights)
    watch.subscribe(() => {})
    await until(() => expect(watch.state).toMatchObject({ connection: 'polling', isStale: false }))
    const guest = client({ accessToken: () => server.token(8) })
    await guest.act('book_room', { room_type_id: 7, ...nights })
    await until(() => expect(free(watch.state.data, 7)).toBe(39))
    expect(live.stats.streams).toBe(0)
    await until(() => expect(live.stats.notModified).toBeGreaterThan(0))
  })
})

describe('tokens', () => {
  test('a stream outlives its token: it is opened again, and nothing is lost', async () => {
    const supabase = new FakeSupabase(server.token(20, { seconds: 2 }))
    const live = client({ supabase })
    const watch = live.watch('my_bookings', {})
    const connections = new Set<string>()
    watch.subscribe(({ connection, error }) => {
      connections.add(connection)
      if (error) connections.add(error.code)
    })
    await until(() => expect(watch.state).toMatchObject({ data: { items: [] }, connection: 'live' }))
    // As supabase-js does: the session is refreshed when it is asked for after its end.
    supabase.refreshed = () => server.token(20)
    await until(() => expect(live.stats.streams).toBe(2))
    expect(supabase.refreshes).toBe(1)
    await until(() => expect(watch.state).toMatchObject({ connection: 'live', isStale: false }))
    expect((await live.act('book_room', { room_type_id: 1, ...stay() })).error).toBeNull()
    await until(() => expect(watch.state.data?.items).toHaveLength(1))
    expect([...connections].sort()).toEqual(['connecting', 'live'])
  })

  test('who signs out sees nothing of his any more, and the next user sees his own', async () => {
    const supabase = new FakeSupabase(server.token(21))
    const live = client({ supabase })
    const watch = live.watch('my_bookings', {})
    watch.subscribe(() => {})
    await live.act('book_room', { room_type_id: 1, ...stay() })
    await until(() => expect(watch.state.data?.items).toHaveLength(1))
    supabase.set(null)
    expect(watch.state.data).toBeUndefined()
    await until(() => expect(watch.state.error?.status).toBe(401))
    supabase.set(server.token(22))
    await until(() => expect(watch.state).toMatchObject({ data: { items: [] }, error: undefined, connection: 'live' }))
  })

  test('what a user may not see is told, and asked for again when another signs in', async () => {
    const supabase = new FakeSupabase(server.token(23))
    const live = client({ supabase })
    const watch = live.watch('report')
    watch.subscribe(() => {})
    await until(() => expect(watch.state.error).toMatchObject({ code: '42501', status: 403 }))
    supabase.set(server.token(23, { role: 'service_role' }))
    await until(() => expect(watch.state).toMatchObject({ error: undefined, connection: 'live' }))
  })
})

describe('a server that goes away', () => {
  test.each([['politely', 'SIGTERM'], ['at once', 'SIGKILL']] as const)('%s: the stream comes back by itself, with the newest answer', async (_, signal) => {
    const own = await Server.start('hotel')
    try {
      const live = createLive<Database>(own.url, '', { accessToken: () => own.token(1) })
      open.push(live)
      const nights = stay()
      const watch = live.watch('availability', nights)
      const sizes = new Set<number | undefined>()
      watch.subscribe(({ data }) => sizes.add(data?.length))
      await until(() => expect(watch.state.connection).toBe('live'))
      await own.down(signal)
      await until(() => expect(watch.state).toMatchObject({ isStale: true, connection: 'waiting' }))
      await own.up()
      const other = createLive<Database>(own.url, '', { accessToken: () => own.token(2) })
      open.push(other)
      expect((await other.act('book_room', { room_type_id: 7, ...nights })).error).toBeNull()
      await until(() => expect(watch.state).toMatchObject({ isStale: false, connection: 'live', error: undefined }))
      await until(() => expect(free(watch.state.data, 7)).toBe(39))
      expect([...sizes], 'what was known stays on the page').toEqual([undefined, 40])
    } finally {
      await own.stop()
    }
  })
})
