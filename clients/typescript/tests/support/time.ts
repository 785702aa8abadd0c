import { vi } from 'vitest'

/** Lets time pass that nobody waits for, and everything that follows from it happen. */
export async function pass(ms = 0): Promise<void> {
  await settle()
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

async function settle(): Promise<void> {
  // Streams take several turns from the bytes to their reader.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
}

export function stopTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
}
