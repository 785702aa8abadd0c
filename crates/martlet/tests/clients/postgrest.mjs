// The hotel through @supabase/postgrest-js: what applications see of forms, counts and errors.
// Usage: node postgrest.mjs URL USER_TOKEN
import assert from 'node:assert/strict'
import { PostgrestClient } from '@supabase/postgrest-js'

const [base, token] = process.argv.slice(2)
const client = (headers) => new PostgrestClient(`${base}/rest/v1`, { headers })
const anyone = client({})
const user = client({ Authorization: `Bearer ${token}` })
const stay = { check_in: '2031-03-01', check_out: '2031-03-04' }

const list = await anyone.rpc('room_types')
assert.equal(list.error, null)
assert.equal(list.status, 200)
assert.equal(list.data.length, 40)

const byGet = await anyone.rpc('availability', stay, { get: true })
const byPost = await anyone.rpc('availability', stay)
assert.equal(byGet.error, null)
assert.deepEqual(byGet.data, byPost.data)

const counted = await anyone.rpc('room_types', {}, { count: 'exact' })
assert.equal(counted.count, 40)
const head = await anyone.rpc('room_types', {}, { head: true, count: 'exact' })
assert.deepEqual([head.status, head.data, head.count, head.error], [200, null, 40, null])
const selected = await anyone.rpc('room_types').select()
assert.equal(selected.data.length, 40)

const single = await anyone.rpc('room_types').single()
assert.deepEqual([single.status, single.data], [406, null])
assert.equal(single.error.code, 'PGRST116')
assert.equal(single.error.details, 'The result contains 40 rows')
const maybe = await user.rpc('my_bookings').maybeSingle()
assert.deepEqual([maybe.data, maybe.error], [{ items: [], next_cursor: null, has_more: false }, null])

const csv = await anyone.rpc('availability', stay).csv()
const lines = csv.data.split('\n')
assert.equal(lines[0], 'id,name,price_cents,free')
assert.equal(lines.length, 41)
const stripped = await anyone.rpc('room_types').stripNulls()
assert.equal(stripped.data.length, 40)

const booked = await user.rpc('book_room', { room_type_id: 1, ...stay })
assert.equal(booked.error, null)
assert.equal(booked.data.status, 'confirmed')
const mine = await user.rpc('my_bookings').single()
assert.equal(mine.data.items[0].id, booked.data.id)

const refused = await user.rpc('book_room', { room_type_id: 999999, ...stay })
assert.deepEqual([refused.status, refused.error.code], [404, 'unknown_room_type'])
const stranger = await anyone.rpc('my_bookings')
assert.deepEqual([stranger.status, stranger.error.code], [401, '42501'])
const unknown = await anyone.rpc('room_tipes')
assert.deepEqual([unknown.status, unknown.error.code], [404, 'PGRST202'])
assert.match(unknown.error.hint, /room_types/)
const wrong = await anyone.rpc('availability', { check_in: 'x' })
assert.deepEqual([wrong.status, wrong.error.code], [400, 'MRT001'])
const byWrongMethod = await user.rpc('book_room', { room_type_id: 1, ...stay }, { get: true })
assert.deepEqual([byWrongMethod.status, byWrongMethod.error.code], [405, '25006'])
