/**
 * Last answers over reloads: compressed, bounded, and never in the way.
 *
 * Whatever fails here (denied, full, damaged, no compression) is counted and passed over: then there is only the memory.
 * Keys carry the version and the identity, so another version or another user finds nothing of theirs.
 */

import type { AnswerStore, StoredAnswer } from './index.js'

/** What is used of `localStorage`. */
export interface KeyValue {
  readonly length: number
  key(index: number): string | null
  getItem(key: string): string | null
  setItem(key: string, value: string): void
  removeItem(key: string): void
}

export interface StorageOptions {
  /** Something like `localStorage`, which is the default. */
  readonly store?: KeyValue
  /** Another version of the app does not find what an older one has stored. */
  readonly version?: string
  /** Characters in the store at most, all together. Default 1,000,000. */
  readonly sizeMax?: number
}

/** Last answers in `localStorage`: give it to `createLive` as `storage`. */
export function createStorage(options: StorageOptions = {}): AnswerStore & { readonly stats: StorageStats } {
  return new Kept(options)
}

/** Counts since it was made. */
export interface StorageStats {
  stored: number
  restored: number
  /** What could not be stored or read back: denied, full, damaged. */
  failures: number
}

const PREFIX = 'martlet:'
/** Of this layout; older ones are not found and swept away. */
const LAYOUT = '1'

class Kept implements AnswerStore {
  readonly stats: StorageStats = { stored: 0, restored: 0, failures: 0 }
  readonly #store: KeyValue | undefined
  readonly #mine: string
  readonly #sizeMax: number

  constructor({ store, version = '', sizeMax = 1_000_000 }: StorageOptions) {
    this.#mine = `${PREFIX}${LAYOUT}:${encodeURIComponent(version)}:`
    this.#sizeMax = sizeMax
    try {
      // Even naming it throws where the user has denied it; on a server it is not there.
      this.#store = store ?? globalThis.localStorage
    } catch {
      this.#failed()
    }
  }

  async get(identity: string, key: string): Promise<StoredAnswer | undefined> {
    const name = this.#name(identity, key)
    try {
      const value = this.#store?.getItem(name)
      if (!value) return undefined
      const [at, form, packed] = value.split('|') as [string, string, string]
      const [who, answer] = JSON.parse(await unpack(form, packed)) as [string, StoredAnswer]
      // A name holds a hash alone.
      if (who !== identity) return undefined
      this.stats.restored++
      return { ...answer, at: parseInt(at, 36) }
    } catch {
      this.#failed()
      this.#remove(name)
      return undefined
    }
  }

  async put(identity: string, key: string, answer: StoredAnswer, isStill: () => boolean): Promise<void> {
    const store = this.#store
    if (!store || answer.text.length > this.#sizeMax) return
    try {
      const { at, ...rest } = answer
      const packed = await pack(JSON.stringify([identity, rest]))
      if (!isStill()) return
      const name = this.#name(identity, key)
      this.#remove(name)
      if (this.#write(store, name, `${at.toString(36)}|${packed}`)) this.stats.stored++
      else this.#failed()
    } catch {
      this.#failed()
    }
  }

  sweep(identity: string): void {
    const kept = [this.#name(identity, ''), this.#name('anon', '')]
    for (const { name } of this.#all()) if (!kept.some((start) => name.startsWith(start))) this.#remove(name)
  }

  #name(identity: string, key: string): string {
    return `${this.#mine}${hashOf(identity)}:${key}`
  }

  /** The oldest make room; a store that is full of others' things is told by an exception. */
  #write(store: KeyValue, name: string, value: string): boolean {
    const others = this.#all().sort((a, b) => a.at - b.at)
    let size = others.reduce((sum, other) => sum + other.size, name.length + value.length)
    for (;;) {
      if (size <= this.#sizeMax) {
        try {
          store.setItem(name, value)
          return true
        } catch {
          // Full: as if the oldest were too much.
        }
      }
      const oldest = others.shift()
      if (!oldest) return false
      this.#remove(oldest.name)
      size -= oldest.size
    }
  }

  #all(): { name: string; at: number; size: number }[] {
    const found: { name: string; at: number; size: number }[] = []
    try {
      for (let index = 0; index < (this.#store?.length ?? 0); index++) {
        const name = this.#store?.key(index)
        if (!name?.startsWith(PREFIX)) continue
        const value = this.#store?.getItem(name) ?? ''
        found.push({ name, at: parseInt(value, 36) || 0, size: name.length + value.length })
      }
    } catch {
      this.#failed()
    }
    return found
  }

  #remove(name: string): void {
    try {
      this.#store?.removeItem(name)
    } catch {
      this.#failed()
    }
  }

  #failed(): void {
    this.stats.failures++
  }
}

/** 53 bits (cyrb53): claims are long, and are nobody's business who looks at the names. */
function hashOf(text: string): string {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36)
}

/** Deflated, in the characters that such a store can keep; plain where the browser cannot compress. */
async function pack(text: string): Promise<string> {
  if (!globalThis.CompressionStream) return `p|${encodeURIComponent(text)}`
  const bytes = await through(new Blob([text]), new CompressionStream('deflate-raw')).arrayBuffer()
  let chars = ''
  for (const byte of new Uint8Array(bytes)) chars += String.fromCharCode(byte)
  return `d|${btoa(chars)}`
}

function unpack(form: string, packed: string): string | Promise<string> {
  if (form === 'p') return decodeURIComponent(packed)
  const bytes = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0))
  return through(new Blob([bytes]), new DecompressionStream('deflate-raw')).text()
}

function through(blob: Blob, transform: ReadableWritablePair<Uint8Array<ArrayBuffer>, BufferSource>): Response {
  return new Response(blob.stream().pipeThrough(transform))
}
