/** What the compiler must take and refuse; `npm run check` judges it, running it shows only that it is well formed. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { expect, expectTypeOf, test } from 'vitest'
import { createLive, type Answer, type Live, type LiveState } from '../../src/index.js'
import { createHooks } from '../../src/react.js'
import { Fake, json } from '../support/fake.js'

interface Room {
  id: number
  free: number
}

/** As generators for supabase-js write it. */
interface Database {
  public: {
    Tables: Record<never, never>
    Views: Record<never, never>
    Functions: {
      availability: { Args: { check_in: string; check_out: string }; Returns: Room[] }
      room_types: { Args: never; Returns: { id: number }[] }
      songs: { Args: { q?: string }; Returns: string[] }
      book_room: { Args: { room_type_id: number }; Returns: { id: number; status: string } }
    }
  }
}

const live = createLive<Database>('http://server', '', { fetch: new Fake(() => json([])).fetch })
const stay = { check_in: '2026-03-01', check_out: '2026-03-04' }

test('names, arguments and answers are those of the Database', async () => {
  expectTypeOf(await live.get('availability', stay)).toEqualTypeOf<Answer<Room[]>>()
  expectTypeOf(await live.get('room_types')).toEqualTypeOf<Answer<{ id: number }[]>>()
  expectTypeOf(live.watch('songs').state).toEqualTypeOf<LiveState<string[]>>()
  expectTypeOf(await live.search('songs', 0)({ q: 'x' })).toEqualTypeOf<Answer<string[]>>()
  const change = live.change('availability', stay, (rooms) => rooms.map((room) => ({ ...room, free: room.free - 1 })))
  expectTypeOf(await live.act('book_room', { room_type_id: 1 }, { optimistic: [change] })).toEqualTypeOf<Answer<{ id: number; status: string }>>()

  const refused = (): void => {
    // @ts-expect-error there is no such query
    void live.get('availabilty', stay)
    // @ts-expect-error an argument is missing
    void live.get('availability', { check_in: '2026-03-01' })
    // @ts-expect-error arguments are missing
    void live.get('availability')
    // @ts-expect-error it has no arguments
    void live.get('room_types', { id: 1 })
    // @ts-expect-error a number is no text
    void live.watch('songs', { q: 1 })
    // @ts-expect-error the guess is of another type
    live.change('availability', stay, () => ['x'])
  }
  expect(refused).toBeTypeOf('function')
})

test('hooks have the same types', () => {
  const { useLive, useAction } = createHooks(live)
  const used = (): void => {
    expectTypeOf(useLive('availability', stay)).toEqualTypeOf<LiveState<Room[]>>()
    expectTypeOf(useLive('availability', null).data).toEqualTypeOf<Room[] | undefined>()
    useLive('room_types')
    const [book] = useAction('book_room')
    expectTypeOf(book).toBeCallableWith({ room_type_id: 1 })
    // @ts-expect-error an argument is missing
    useLive('availability', { check_in: '2026-03-01' })
  }
  expect(used).toBeTypeOf('function')
})

test('a client of supabase-js is taken as it is, and without a Database everything may be asked', () => {
  const make = (supabase: SupabaseClient<Database>, untyped: SupabaseClient): Live[] => [
    createLive('http://server', 'key', { supabase }),
    createLive('http://server', 'key', { supabase: untyped }),
  ]
  expect(make).toBeTypeOf('function')
  const anything = createLive('http://server', '', { fetch: new Fake(() => json([])).fetch })
  expectTypeOf(anything.watch('whatever', { x: 1 }).state).toEqualTypeOf<LiveState<unknown>>()
})
