// Event streams through Node's fetch and @supabase/postgrest-js.
// Usage: node streams.mjs URL USER_TOKEN
import assert from 'node:assert/strict'
import { PostgrestClient } from '@supabase/postgrest-js'

const [base, token] = process.argv.slice(2)
const bearer = { Authorization: `Bearer ${token}` }

/** The blocks of a response, as they come. */
async function* blocks(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  try {
    for (;;) {
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        yield text.slice(0, end)
        text = text.slice(end + 2)
      }
      const { value, done } = await reader.read()
      if (done) return
      text += value
    }
  } finally {
    await reader.cancel()
  }
}

/** The answers that a response tells of, with their ids. */
async function* answers(response) {
  for await (const block of blocks(response)) {
    const field = (name) => block.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    if (field('data') && !field('event')) yield { id: field('id'), body: JSON.parse(field('data')) }
  }
}

async function add(body) {
  const init = { method: 'POST', headers: { ...bearer, 'Content-Type': 'application/json' }, body: JSON.stringify({ body }) }
  const response = await fetch(`${base}/rest/v1/rpc/add_note`, init)
  assert.equal(response.status, 200)
  return response.headers.get('martlet-position')
}

// Node's own fetch, which asks for gzip, deflate and br.
const aborting = new AbortController()
const stream = await fetch(`${base}/rest/v1/rpc/mine`, {
  headers: { ...bearer, Accept: 'text/event-stream' }, signal: aborting.signal,
})
assert.equal(stream.status, 200)
assert.equal(stream.headers.get('content-type'), 'text/event-stream; charset=utf-8')
const told = answers(stream)
assert.deepEqual((await told.next()).value.body, [])
const position = await add('one')
const { id, body } = (await told.next()).value
assert.deepEqual(body, [{ id: 1, body: 'one' }])
assert.equal(id.split('.')[0], position)
aborting.abort()
await assert.rejects(told.next(), { name: 'AbortError' })

// Back with the last id: nothing until something changes.
const again = await fetch(`${base}/rest/v1/rpc/mine`, {
  headers: { ...bearer, Accept: 'text/event-stream', 'Last-Event-ID': id },
})
const since = blocks(again)
assert.match((await since.next()).value, /^retry: \d+$/)
assert.equal((await since.next()).value, ': unchanged')
await add('two')
assert.match((await since.next()).value, /"two"/)
await since.return()

// The client's own request, with all the headers that it adds, by GET and by POST.
for (const get of [true, false]) {
  let asked
  const client = new PostgrestClient(`${base}/rest/v1`, {
    headers: { ...bearer, apikey: token },
    fetch: async (url, init) => {
      const headers = new Headers(init.headers)
      headers.set('Accept', 'text/event-stream')
      const response = await fetch(url, { ...init, headers })
      asked = response.status
      const all = answers(response)
      const first = await all.next()
      await all.return()
      return new Response(JSON.stringify(first.value.body), { headers: { 'Content-Type': 'application/json' } })
    },
  })
  const { data, error } = await client.rpc('notes', { count: 1 }, { get }).select()
  assert.deepEqual([asked, error, data], [200, null, [{ id: 1, body: 'one' }]])
}

// An action is not followed, and says why.
const action = await fetch(`${base}/rest/v1/rpc/add_note`, { method: 'POST', headers: { Accept: 'text/event-stream' } })
assert.equal(action.status, 406)
const refusal = await action.json()
assert.deepEqual([refusal.code, refusal.message], ['MRT033', '`add_note` is an action: what it answers is not followed'])
