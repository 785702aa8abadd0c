// A page without a build: the module as it is shipped. #token=... signs in.
import { createLive } from '/live/index.js'
import { createStorage } from '/live/storage.js'

let token = new URLSearchParams(location.hash.slice(1)).get('token')
const storage = createStorage({ version: '1' })
const live = createLive(location.origin, '', { accessToken: () => token, storage, hiddenAfterMs: 100 })
const nights = { check_in: '2033-03-01', check_out: '2033-03-04' }
const watch = live.watch('availability', nights)
const at = (id) => document.getElementById(id)
const freeOf = (rooms) => String(rooms?.find(({ id }) => id === 7)?.free ?? 'unknown')

// What was seen, for the test to judge.
window.seen = []
window.live = live
window.createLive = createLive
window.storage = storage
watch.subscribe(({ data, connection, isStale, isOptimistic, error }) => {
  at('free').value = freeOf(data)
  at('state').value = [connection, isStale && 'stale', isOptimistic && 'optimistic', error?.code].filter(Boolean).join(' ')
  window.seen.push([freeOf(data), at('state').value])
})
live.watch('my_bookings').subscribe(() => {})

at('book').onclick = async () => {
  const guess = live.change('availability', nights, (rooms) => rooms.map((room) => (room.id === 7 ? { ...room, free: room.free - 1 } : room)))
  const { error } = await live.act('book_room', { room_type_id: 7, ...nights }, { optimistic: [guess] })
  window.booked = error?.code ?? 'yes'
}
at('leave').onclick = () => {
  token = null
  live.tokenChanged()
}
