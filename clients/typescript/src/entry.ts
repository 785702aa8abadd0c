/**
 * One query's answer: what the server said last, with the changes over it that it has not yet confirmed.
 *
 * What is shown is always the newest answer with every open change applied again, so an answer that is older than a
 * write never undoes what the user has just done, and a failed write takes only its own change away.
 */

import type { Call } from './http.js'
import { order } from './position.js'
import type { Connection, LiveError, LiveState, StoredAnswer } from './types.js'

/** An answer as it came; without `at`, just now. */
export type Received = Omit<StoredAnswer, 'at'> & { readonly at?: number }

interface Layer {
  readonly apply: (data: unknown) => unknown
  /** Of the write; undefined while its answer is awaited. */
  position?: string
}

export interface Entry {
  readonly key: string
  readonly call: Call
  readonly listeners: Set<(state: LiveState<unknown>) => void>
  state: LiveState<unknown>
  /** The server's newest answer. */
  base: StoredAnswer | undefined
  /** When stored answers have been looked for. */
  restored: Promise<void>
  /** Takes an answer unless what is known is newer. Throws where it is no JSON. A stored one is shown, and not believed. */
  receive(received: Received, isStored?: boolean): void
  /** The server has confirmed what is known. */
  confirm(position?: string): void
  fail(error: LiveError): void
  /** Says how the answer is kept up to date, and what follows for it. */
  connect(connection: Connection): void
  /**
   * Shows a change before the server knows of it. The function that is returned ends it, with the write's position or
   * none where it has failed, and says whether an answer is known already that shows the write.
   */
  guess(apply: (data: unknown) => unknown): (position?: string) => boolean
  /** Gives up the changes of writes up to this one, which no answer has shown. */
  settle(write: string): void
  /** Forgets everything: it was another caller's. */
  reset(): void
}

/** How long answers wait for a write that is under way: they may show it already, and it must not be applied twice. */
const HOLD_MAX_MS = 1_000

export const IDLE: LiveState<never> = Object.freeze({
  data: undefined,
  error: undefined,
  connection: 'idle',
  isStale: false,
  isOptimistic: false,
  updatedAt: undefined,
})

export function createEntry(key: string, call: Call): Entry {
  let known: unknown
  let layers: Layer[] = []
  let held: [answer: StoredAnswer, data: unknown] | undefined
  let holding: ReturnType<typeof setTimeout> | undefined

  const show = (change: Partial<LiveState<unknown>>): void => {
    const { state } = entry
    const names = Object.keys(change) as (keyof typeof state)[]
    if (names.every((name) => Object.is(change[name], state[name]))) return
    entry.state = Object.freeze({ ...state, ...change })
    for (const listener of [...entry.listeners]) listener(entry.state)
  }

  const render = (change: Partial<LiveState<unknown>> = {}): void => {
    if (!entry.base) return show(change)
    let data = known
    layers = layers.filter((layer) => {
      try {
        data = layer.apply(data)
        return true
      } catch {
        // The guess does not fit what came meanwhile; what the server says stays.
        return false
      }
    })
    show({ data, isOptimistic: layers.length > 0, ...change })
  }

  const adopt = (answer: StoredAnswer, data: unknown, isStale = false): void => {
    const updatedAt = entry.base?.text === answer.text ? entry.state.updatedAt : answer.at
    entry.base = answer
    known = data
    // A write of another epoch has outlived a restart of the server, which this answer comes after.
    layers = layers.filter(({ position }) => !position || order(answer.position, position) < 0)
    render({ error: undefined, isStale, updatedAt })
  }

  const release = (): void => {
    clearTimeout(holding)
    const last = held
    holding = held = undefined
    if (last && !(order(last[0].position, entry.base?.position) < 0)) adopt(...last)
  }

  const entry: Entry = {
    key,
    call,
    listeners: new Set(),
    state: IDLE,
    base: undefined,
    restored: Promise.resolve(),

    receive(received, isStored) {
      const { base } = entry
      if (order(received.position, base?.position) < 0) return
      // Same bytes, same object: what depends on it need not be computed again.
      const isSame = base?.text === received.text
      const data: unknown = isSame ? known : received.text ? JSON.parse(received.text) : null
      const answer = { ...(isSame && { etag: base.etag, event: base.event }), at: Date.now(), ...received }
      if (base && layers.some(({ position }) => !position)) {
        held = [answer, data]
        holding ??= setTimeout(release, HOLD_MAX_MS)
      } else adopt(answer, data, isStored)
    },

    confirm(position) {
      const { base } = entry
      if (base) adopt({ ...base, position: position ?? base.position, at: Date.now() }, known)
    },

    fail: (error) => show({ error }),

    connect(connection) {
      const isCut = connection === 'waiting' || connection === 'idle'
      show({ connection, ...(isCut && entry.base && { isStale: true }) })
    },

    guess(apply) {
      const layer: Layer = { apply }
      layers.push(layer)
      render()
      return (position) => {
        const isShown = !position || order(entry.base?.position, position) >= 0
        if (isShown) layers = layers.filter((other) => other !== layer)
        else layer.position = position
        if (layers.every((other) => other.position)) release()
        render()
        return !layers.includes(layer)
      }
    },

    settle(write) {
      layers = layers.filter(({ position }) => !position || order(write, position) < 0)
      render()
    },

    reset() {
      clearTimeout(holding)
      entry.base = known = held = holding = undefined
      layers = []
      show({ ...IDLE, connection: entry.state.connection })
    },
  }
  return entry
}
