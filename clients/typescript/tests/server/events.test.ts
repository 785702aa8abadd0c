/** The event's marks, live: without accounts, with a key that must stand in no URL. */

import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createLive } from '../../dist/index.js'
import { Server } from '../support/server.js'

interface Event {
  token: string
  blocks: { id: number; available: number }[]
  participants: { id: number; name: string }[]
}
interface Database {
  public: {
    Functions: {
      event: { Args: { token: string }; Returns: Event }
      my_marks: { Args: { session_key: string }; Returns: { name: string; block_ids: number[] } }
      create_event: { Args: { title: string; starts_at: string; blocks: number; block_minutes: number }; Returns: { token: string } }
      join_event: { Args: { token: string; name: string }; Returns: { participant_id: number; session_key: string } }
      mark_availability: { Args: { session_key: string; block_ids: number[] }; Returns: { marked: number } }
    }
  }
}

let server: Server
beforeAll(async () => {
  server = await Server.start('events')
})
afterAll(() => server.stop())

const until = (holds: () => void): Promise<void> => vi.waitFor(holds, { timeout: 15_000, interval: 5 })

test('marks of one guest show with another, and his own key is sent in bodies alone', async () => {
  const urls: string[] = []
  const live = createLive<Database>(server.url, '', {
    secret: ['my_marks'],
    fetch(input, init) {
      urls.push(`${init?.method} ${String(input)}`)
      return fetch(input, init)
    },
  })
  const made = await live.act('create_event', { title: 'Tea', starts_at: '2026-12-01T10:00:00Z', blocks: 3, block_minutes: 60 })
  expect(made.error).toBeNull()
  const token = made.data!.token
  const { data: guest } = await live.act('join_event', { token, name: 'Ana' })
  const session_key = guest!.session_key

  const other = createLive<Database>(server.url, '')
  const event = other.watch('event', { token })
  event.subscribe(() => {})
  const marks = live.watch('my_marks', { session_key })
  marks.subscribe(() => {})
  await until(() => expect(event.state).toMatchObject({ connection: 'live', data: { participants: [{ name: 'Ana' }] } }))
  await until(() => expect(marks.state).toMatchObject({ error: undefined, data: { name: 'Ana', block_ids: [] } }))

  const block_ids = event.state.data!.blocks.slice(0, 2).map(({ id }) => id)
  const save = live.save('mark_availability', 20)
  const [first, last] = await Promise.all([save({ session_key, block_ids: [] }), save({ session_key, block_ids })])
  expect(last).toEqual({ data: { participant_id: guest!.participant_id, marked: 2 }, error: null })
  expect(first).toBe(last)
  await until(() => expect(event.state.data?.blocks.map(({ available }) => available)).toEqual([1, 1, 0]))
  await until(() => expect(marks.state.data?.block_ids).toEqual(block_ids))
  expect(urls.filter((url) => url.includes(session_key))).toEqual([])
  expect(urls.filter((url) => url.includes('my_marks')).every((url) => url.startsWith('POST'))).toBe(true)
  live.close()
  other.close()
})
