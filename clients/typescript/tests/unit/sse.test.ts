import { describe, expect, test } from 'vitest'
import { readEvents, type ServerEvent } from '../../src/sse.js'

function parse(...chunks: string[]): { events: ServerEvent[]; comments: string[]; retries: number[] } {
  const told = { events: [] as ServerEvent[], comments: [] as string[], retries: [] as number[] }
  const read = readEvents({
    event: (event) => told.events.push(event),
    comment: (text) => told.comments.push(text),
    retry: (delayMs) => told.retries.push(delayMs),
  })
  for (const chunk of chunks) read(chunk)
  return told
}

const message = (data: string, id = ''): ServerEvent => ({ type: 'message', data, id })

describe('event streams', () => {
  test('lines end by a line feed, a carriage return, or both', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = ['retry: 1500', 'id: e-1.a', 'data: 1', '', ': beat', 'event: end', 'data: 2', '', ''].join(end)
      expect(parse(text)).toEqual({
        events: [message('1', 'e-1.a'), { type: 'end', data: '2', id: 'e-1.a' }],
        comments: ['beat'],
        retries: [1500],
      })
    }
  })

  test('wherever the bytes are cut, the events are the same', () => {
    const text = '\ufeff: hello\r\nid: e-1.a\r\ndata: {"a":\r\ndata:  1}\r\n\r\nevent: partial\ndata\n\ndata: x\r\r'
    const whole = parse(text)
    expect(whole.events).toEqual([
      message('{"a":\n 1}', 'e-1.a'),
      { type: 'partial', data: '', id: 'e-1.a' },
      message('x', 'e-1.a'),
    ])
    for (let at = 0; at <= text.length; at++) {
      expect(parse(text.slice(0, at), text.slice(at)), `cut at ${at}`).toEqual(whole)
    }
    expect(parse(...text)).toEqual(whole)
    expect(parse(...[...text].flatMap((char) => ['', char])), 'with empty chunks').toEqual(whole)
  })

  test('a mark of the byte order counts at the very beginning alone', () => {
    expect(parse('\ufeffdata: 1\n\n').events).toEqual([message('1')])
    expect(parse('data: 1\n\n\ufeffdata: 2\n\n').events).toEqual([message('1')])
  })

  test('one blank after the colon is no part of a value, further ones are', () => {
    expect(parse('data:a\ndata: b\ndata:  c\n\n').events).toEqual([message('a\nb\n c')])
  })

  test('an event without data is none, and its name is forgotten', () => {
    expect(parse('event: end\nid: 7\n\ndata: 1\n\n').events).toEqual([message('1', '7')])
  })

  test('an id lasts until the next; one with a null is passed over, an empty one counts', () => {
    expect(parse('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid\ndata: c\n\n').events.map(({ id }) => id)).toEqual(['1', '1', ''])
  })

  test('a retry that is no number, and fields that nobody knows, are passed over', () => {
    expect(parse('retry: 2s\nretry: -1\nfoo: bar\nretry\ndata: 1\n\n')).toEqual({ events: [message('1')], comments: [], retries: [] })
  })

  test('an event that has not ended is not told', () => {
    expect(parse('data: 1\n').events).toEqual([])
  })

  test('an event without an end is refused before it fills the memory', () => {
    const read = readEvents({ event: () => {} })
    const chunk = 'x'.repeat(1024 * 1024)
    expect(() => {
      for (let count = 0; count < 20; count++) read(chunk)
    }).toThrow('too large')
    const lines = readEvents({ event: () => {} })
    expect(() => {
      for (let count = 0; count < 20; count++) lines(`data: ${chunk}\n`)
    }).toThrow('too large')
  })
})
