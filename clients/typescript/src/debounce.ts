/** Calls that come quickly one after another become one, with the last arguments. */

export interface Debounced<A extends unknown[], R> {
  /** All calls of one burst get the answer of the one call that is made. */
  (...args: A): Promise<R>
  /** Makes the call that waits, now. */
  flush(): void
  /** Forgets the call that waits; its promise is never fulfilled. */
  cancel(): void
}

const DEBOUNCE_MS = 300

export function debounce<A extends unknown[], R>(
  call: (...args: A) => R | PromiseLike<R>,
  delayMs: number = DEBOUNCE_MS,
): Debounced<A, R> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let latest: A
  let go: ((args: A) => void) | undefined
  let answer: Promise<R> | undefined
  const cancel = (): void => {
    clearTimeout(timer)
    go = answer = undefined
  }
  const flush = (): void => {
    go?.(latest)
    cancel()
  }
  const debounced = (...args: A): Promise<R> => {
    latest = args
    clearTimeout(timer)
    timer = setTimeout(flush, delayMs)
    return (answer ??= new Promise<A>((resolve) => (go = resolve)).then((last) => call(...last)))
  }
  return Object.assign(debounced, { flush, cancel })
}
