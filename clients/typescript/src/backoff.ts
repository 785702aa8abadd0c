/** Waiting: between attempts, and while nobody looks or nothing can be reached. */

/** Longest wait between two attempts to reach a server. */
const WAIT_MAX_MS = 30_000

/** How long to wait after so many failures in a row: doubled each time, and drawn, so that clients do not come back together. */
export function backoff(baseMs: number, failures: number): number {
  const most = Math.min(WAIT_MAX_MS, baseMs * 2 ** Math.min(failures - 1, 10))
  return most * (0.5 + Math.random() / 2)
}

/** Ends after the time, or when the signal is given. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    // Longer ones overflow to none at all.
    const timer = setTimeout(done, Math.min(delayMs, 2 ** 31 - 1))
    signal?.addEventListener('abort', done)
  })
}

export interface Presence {
  isAway(): boolean
  close(): void
}

/** Whether the page is offline, or has been hidden for so long that its streams are closed. */
export function createPresence(hiddenAfterMs: number, changed: () => void): Presence {
  let isAway = false
  let timer: ReturnType<typeof setTimeout> | undefined

  const set = (now: boolean): void => {
    if (now === isAway) return
    isAway = now
    changed()
  }
  const look = (): void => {
    clearTimeout(timer)
    if (globalThis.navigator?.onLine === false) return set(true)
    const isHidden = globalThis.document?.visibilityState === 'hidden' && hiddenAfterMs !== Infinity
    if (isHidden) timer = setTimeout(() => set(true), hiddenAfterMs)
    else set(false)
  }
  const listen = (how: 'addEventListener' | 'removeEventListener'): void => {
    // Nothing of this exists on a server. A change of visibility reaches the window from the document.
    for (const type of ['online', 'offline', 'visibilitychange']) globalThis[how]?.(type, look)
  }

  listen('addEventListener')
  look()
  return {
    isAway: () => isAway,
    close() {
      clearTimeout(timer)
      listen('removeEventListener')
    },
  }
}
