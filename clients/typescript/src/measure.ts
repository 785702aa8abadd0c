/**
 * Performance measures, seen in the browser's tools and by a PerformanceObserver:
 *
 * `martlet:get:NAME`, `martlet:act:NAME`: from the call to the answer, retries and all.
 * `martlet:open:NAME`: from asking for a stream to its first answer.
 * `martlet:frame:NAME`: an answer of a stream, from its bytes to its listeners.
 */
export type Measure = (kind: 'get' | 'act' | 'open' | 'frame', name: string, start: number) => void

export const measure: Measure = (kind, name, start) => {
  const label = `martlet:${kind}:${name}`
  try {
    // The buffer has no bound and a page may live for weeks: the last of each name stays, observers see all.
    performance.clearMeasures(label)
    performance.measure(label, { start })
  } catch {
    // Old browsers know no options; measuring must never break what is measured.
  }
}
