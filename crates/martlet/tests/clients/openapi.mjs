// Walks every operation of /openapi.json: generated arguments that the document allows must be taken, those that it
// forbids must be refused, and every answer must fit the schema that the document gives for its status.
// Usage: node openapi.mjs URL SERVICE_TOKEN USER_TOKEN KNOWN
// KNOWN: a JSON object of arguments that cannot be guessed, by `operation.parameter` or `parameter`.
import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const [base, service, user, known_text] = process.argv.slice(2)
const known = JSON.parse(known_text)
const bearer = (token) => (token ? { authorization: `Bearer ${token}` } : {})

const got = await fetch(`${base}/openapi.json`, { headers: bearer(service) })
assert.equal(got.status, 200)
const document = await got.json()
const verdict = await new Validator().validate(structuredClone(document))
assert.ok(verdict.valid, JSON.stringify(verdict.errors, null, 1))

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true })
addFormats(ajv)
// Whole numbers of 64 bits lose digits in JavaScript; that they are whole is still seen.
ajv.addFormat('int64', true)
ajv.addFormat('int32', { type: 'number', validate: (n) => n >= -(2 ** 31) && n < 2 ** 31 })
ajv.addSchema(document, 'openapi')
const pointer = (path) => path.map((part) => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
const resolve = (value) => (value?.$ref ? value.$ref.slice(2).split('/').reduce((at, part) => at[part], document) : value)

/** The schema that an answer must fit: by its place, so that references in it are found. */
const validators = new Map()
function fits(path, value, told) {
  const key = `openapi#/${pointer(path)}`
  if (!validators.has(key)) validators.set(key, ajv.compile({ $ref: key }))
  const validate = validators.get(key)
  assert.ok(validate(value), `${told}: ${JSON.stringify(validate.errors)}\n${JSON.stringify(value).slice(0, 2000)}`)
}

const plus = (date, days) => new Date(Date.parse(date) + days * 86400000).toISOString().slice(0, 10)

/** An end of a range that is written as text: a literal, or an earlier parameter and what is added. */
function end(text, earlier) {
  if (typeof text !== 'string') return text
  const [, name, offset] = /^([a-z][a-z0-9_]*)([+-]\d+)?$/.exec(text) ?? []
  if (name === undefined || !(name in earlier)) return text
  const value = earlier[name]
  return typeof value === 'string' ? plus(value, Number(offset ?? 0)) : value + Number(offset ?? 0)
}

function text_of(schema) {
  if (schema.format === 'email') return 'a@example.org'
  if (schema.format === 'uri') return 'https://example.org/a'
  if (schema.format === 'uuid') return '0188aaaa-0000-7000-8000-00000000000f'
  if (schema.format === 'date') return '2031-03-01'
  if (schema.format === 'date-time') return '2031-03-01T09:00:00Z'
  const hex = /^\^\[0-9a-f\]\{(\d+)\}\$$/.exec(schema.pattern ?? '')
  if (hex) return 'a'.repeat(Number(hex[1]))
  if (schema.pattern?.startsWith('^\\{')) return '{}'
  if (schema.contentMediaType === 'application/json') return '{"a":1}'
  return 'x'.repeat(Math.max(1, schema.minLength ?? 1))
}

/** A value that the schema allows. */
function sample(schema, earlier) {
  schema = resolve(schema)
  const types = [schema.type ?? []].flat()
  if (schema.enum) return schema.enum[0]
  if ('default' in schema) return schema.default
  const low = end(schema['x-minimum'], earlier)
  if (low !== undefined) return low
  if (types.includes('array')) {
    const count = Math.max(1, schema.minItems ?? 1)
    return Array.from({ length: count }, () => sample(schema.items, earlier))
  }
  if (types.includes('integer') || types.includes('number')) return schema.minimum ?? schema.maximum ?? 1
  if (types.includes('boolean')) return true
  if (types.includes('string')) return text_of(schema)
  if (schema.properties) {
    return Object.fromEntries(Object.entries(schema.properties).map(([name, it]) => [name, sample(it, earlier)]))
  }
  return types.includes('object') ? {} : { a: [1, null] }
}

/** Other values: at the ends of what is allowed, and beyond them. */
function variants(schema) {
  schema = resolve(schema)
  const types = [schema.type ?? []].flat()
  const good = []
  const bad = []
  if (schema.enum) return { good: schema.enum, bad: ['no such choice'] }
  if (schema.pattern && schema.type === 'string') bad.push('\u00e9')
  for (const [key, step] of [['minimum', -1], ['maximum', 1]]) {
    if (key in schema) {
      good.push(schema[key])
      bad.push(schema[key] + step)
    }
  }
  const is_plain = types.includes('string') && !schema.format && !schema.pattern
  if (is_plain && 'minLength' in schema) {
    good.push('x'.repeat(schema.minLength))
    if (schema.minLength > 0) bad.push('x'.repeat(schema.minLength - 1))
  }
  if (is_plain && 'maxLength' in schema) {
    good.push('x'.repeat(schema.maxLength))
    bad.push('x'.repeat(schema.maxLength + 1))
  }
  if ('maxItems' in schema) bad.push(Array.from({ length: schema.maxItems + 1 }, () => sample(schema.items, {})))
  if (types.includes('null')) good.push(null)
  else if (types.length > 0) bad.push(null)
  if (['date', 'date-time', 'uuid', 'email', 'uri'].includes(schema.format)) bad.push('x')
  return { good, bad }
}

const in_url = (value) => (Array.isArray(value) ? `{${value.join(',')}}` : typeof value === 'object' ? JSON.stringify(value) : String(value))
const counts = { operations: 0, calls: 0, followed: 0 }
const never_well = []

/** What is sent to call an operation. */
function request_of(path, method, operation, args, token, more) {
  const body_params = operation.requestBody ? {} : undefined
  const query = new URLSearchParams()
  let url = path
  for (const [name, value] of Object.entries(args)) {
    const parameter = (operation.parameters ?? []).map(resolve).find((it) => it.name === name && it.in !== 'header')
    if (parameter?.in === 'path') url = url.replace(`{${name}}`, encodeURIComponent(in_url(value)))
    else if (body_params) body_params[name] = value
    else query.append(name, in_url(value))
  }
  const headers = { ...bearer(token), ...more }
  const init = { method: method.toUpperCase(), headers }
  if (body_params) {
    headers['content-type'] = 'application/json'
    init.body = JSON.stringify(body_params)
  }
  counts.calls += 1
  return { target: `${base}${url}${query.size ? `?${query}` : ''}`, init, told: `${init.method} ${url}?${query} ${init.body ?? ''}` }
}

/** Follows an operation's answer: the first event is as the document says of the answer. */
async function follow(path, method, operation, args, token) {
  const more = { accept: 'text/event-stream' }
  const { target, init, told } = request_of(path, method, operation, args, token, more)
  const response = await fetch(target, init)
  assert.ok(operation.responses[response.status], `${told}: the document does not know ${response.status}`)
  if (response.status !== 200) {
    await response.text()
    return
  }
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8', told)
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  while (!/^data: .*\n\n/m.test(text)) {
    const { value, done } = await reader.read()
    assert.ok(!done, `${told}: ended\n${text}`)
    text += value
  }
  await reader.cancel()
  const where = ['paths', path, method, 'responses', '200', 'content', 'application/json', 'schema']
  fits(where, JSON.parse(text.match(/^data: (.*)$/m)[1]), told)
  counts.followed += 1
}

/** Calls an operation and checks the answer against the document. */
async function call(path, method, operation, args, token, more = {}) {
  const { target, init, told: asked } = request_of(path, method, operation, args, token, more)
  const response = await fetch(target, init)
  const text = await response.text()
  const told = `${asked} -> ${response.status}`
  const at = ['paths', path, method, 'responses', String(response.status)]
  const declared = operation.responses[response.status]
  assert.ok(declared, `${told}: the document does not know this status\n${text}`)
  const where = declared.$ref ? declared.$ref.slice(2).split('/') : at
  const { content, headers: fields } = resolve(declared)
  const media_type = (response.headers.get('content-type') ?? '').split(';')[0]
  if (content && method !== 'head') {
    assert.ok(content[media_type], `${told}: ${media_type} is not told`)
    const value = media_type.endsWith('json') ? JSON.parse(text) : text
    fits([...where, 'content', media_type, 'schema'], value, told)
  } else {
    assert.equal(text, '', told)
  }
  const conditional = ['Content-Range', 'Preference-Applied']
  for (const name of Object.keys(fields ?? {})) {
    if (!conditional.includes(name)) assert.ok(response.headers.has(name), `${told}: no ${name}`)
  }
  return { status: response.status, text, headers: response.headers, media_type }
}

/** Schemas of all arguments by name, in declared order. */
function arguments_of(operation) {
  const all = {}
  for (const parameter of (operation.parameters ?? []).map(resolve)) {
    if (parameter.in !== 'header') all[parameter.name] = { schema: parameter.schema, required: parameter.required }
  }
  const body = resolve(operation.requestBody?.content['application/json'].schema)
  for (const [name, schema] of Object.entries(body?.properties ?? {})) {
    all[name] = { schema, required: body.required?.includes(name) ?? false }
  }
  return all
}

async function walk(path, method, operation) {
  counts.operations += 1
  const name = operation.operationId.split('.')[0]
  const wants_service = /May be called by the service\./.test(operation.description ?? '')
  const token = wants_service || operation.tags.includes('operations') ? service : user
  const params = arguments_of(operation)
  const args = {}
  for (const [param, { schema }] of Object.entries(params)) {
    if (param === 'cursor') continue
    args[param] = known[`${name}.${param}`] ?? known[param] ?? sample(schema, args)
  }
  const plain = await call(path, method, operation, args, token)
  if (plain.status >= 300) never_well.push(`${method} ${path} ${plain.status} ${plain.text}`)
  const required = Object.fromEntries(Object.entries(args).filter(([param]) => params[param].required))
  await call(path, method, operation, required, token)
  if (!(operation.security ?? []).some((it) => Object.keys(it).length === 0)) {
    assert.equal((await call(path, method, operation, args, '')).status, 401, `${path} without a token`)
  }
  if (operation.tags.includes('operations')) return
  const is_own = name !== 'batch'
  if (is_own) {
    const wrong = await call(path, method, operation, { ...args, no_such_parameter: 1 }, token)
    assert.equal(wrong.status, 400, wrong.text)
  }
  for (const [param, { schema }] of Object.entries(params)) {
    if (!operation.requestBody || !is_own || path.includes(`{${param}}`)) continue
    const { good, bad } = variants(schema)
    for (const value of good) {
      const answered = await call(path, method, operation, { ...args, [param]: value }, token)
      assert.notEqual(JSON.parse(answered.text || '{}').code, 'MRT001', `${path}: ${param} = ${JSON.stringify(value)}: ${answered.text}`)
    }
    for (const value of bad) {
      const answered = await call(path, method, operation, { ...args, [param]: value }, token)
      assert.equal(JSON.parse(answered.text).code, 'MRT001', `${path}: ${param} = ${JSON.stringify(value)}: ${answered.text}`)
    }
  }
  const fields = (operation.parameters ?? []).map(resolve).filter((it) => it.in === 'header').map((it) => it.name)
  if (fields.includes('If-None-Match') && plain.status === 200) {
    const again = await call(path, method, operation, args, token, { 'If-None-Match': plain.headers.get('etag') })
    assert.ok([200, 304].includes(again.status))
  }
  if (fields.includes('Idempotency-Key')) {
    const key = { 'Idempotency-Key': `walk-${counts.calls}` }
    const [first, second] = [await call(path, method, operation, args, token, key), await call(path, method, operation, args, token, key)]
    assert.deepEqual([second.status, second.text], [first.status, first.text])
  }
  for (const media_type of Object.keys(operation.responses[200]?.content ?? {})) {
    if (media_type === 'text/event-stream') {
      if (is_own) await follow(path, method, operation, args, token)
      continue
    }
    const answered = await call(path, method, operation, args, token, { accept: media_type })
    assert.ok(answered.status >= 400 || answered.media_type === media_type, `${answered.media_type}, not ${media_type}`)
  }
  const page = plain.status === 200 && 'cursor' in params ? JSON.parse(plain.text) : {}
  if (page.next_cursor) await call(path, method, operation, { ...args, cursor: page.next_cursor }, token)
}

for (const [path, item] of Object.entries(document.paths)) {
  for (const [method, operation] of Object.entries(item)) await walk(path, method, operation)
}
const ids = Object.values(document.paths).flatMap((item) => Object.values(item).map((it) => it.operationId))
assert.equal(new Set(ids).size, ids.length, 'operation ids are unique')
assert.ok(counts.followed > 0, 'nothing was followed')
assert.deepEqual(never_well, [], 'operations that were never answered well')
console.log(JSON.stringify({ ...counts, paths: Object.keys(document.paths).length }))
