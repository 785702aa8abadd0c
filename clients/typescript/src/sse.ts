/** Reads `text/event-stream` (HTML standard, 9.2.6), however the bytes are cut into chunks. */

export interface ServerEvent {
  /** `message` where the stream names none. */
  readonly type: string
  readonly data: string
  /** The newest id that the stream has given, which holds until the next. */
  readonly id: string
}

export interface EventHandler {
  event(event: ServerEvent): void
  /** The server speaks in comments too: heartbeats, and `unchanged` where a reconnect finds nothing new. */
  comment?(text: string): void
  retry?(delayMs: number): void
}

/** Characters of one event that are kept at most: a stream without line ends must not fill the memory. */
const EVENT_SIZE_MAX = 16 * 1024 * 1024

/** Makes a reader; it is called with one chunk of text after another. */
export function readEvents(to: EventHandler): (chunk: string) => void {
  let line = ''
  let data: string[] = []
  let type = ''
  let id = ''
  let size = 0
  let isFirst = true
  let endedByReturn = false

  const dispatch = (): void => {
    const event = { type: type || 'message', data: data.join('\n'), id }
    const isEmpty = !data.length
    data = []
    type = ''
    size = 0
    if (!isEmpty) to.event(event)
  }

  const take = (text: string): void => {
    if (!text) return dispatch()
    const colon = text.indexOf(':')
    if (!colon) return to.comment?.(text.slice(1).trim())
    const field = colon < 0 ? text : text.slice(0, colon)
    const value = colon < 0 ? '' : text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') {
      data.push(value)
      size += value.length
    } else if (field === 'event') type = value
    else if (field === 'id' && !value.includes('\0')) id = value
    else if (field === 'retry' && /^\d+$/.test(value)) to.retry?.(Number(value))
  }

  return (chunk) => {
    if (!chunk) return
    // A mark of the byte order is none of the text; a line feed that was cut off from its return ends no second line.
    let from = (isFirst && chunk[0] === '\ufeff') || (endedByReturn && chunk[0] === '\n') ? 1 : 0
    isFirst = endedByReturn = false
    const ends = /\r\n?|\n/g
    ends.lastIndex = from
    for (let end = ends.exec(chunk); end; end = ends.exec(chunk)) {
      const whole = line + chunk.slice(from, end.index)
      line = ''
      from = ends.lastIndex
      endedByReturn = end[0] === '\r' && from === chunk.length
      take(whole)
    }
    line += chunk.slice(from)
    if (size + line.length > EVENT_SIZE_MAX) throw Error('too large')
  }
}
