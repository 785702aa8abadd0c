/** Hooks for React 18 and later. On a server they give the state before any answer, and ask nothing. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react'
import { IDLE } from './index.js'
import type { ActOptions, AnyDatabase, Answer, Args, ArgsParameter, Live, LiveError, LiveState, Name, Returns } from './index.js'

export interface UseLiveOptions {
  /** New arguments are asked for when they have stood for so long: 300 for what is typed. Default 0. */
  readonly debounceMs?: number
}

export interface ActionState {
  readonly isPending: boolean
  /** Of the last call. */
  readonly error: LiveError | null
}

export interface Hooks<DB> {
  /** Follows a query as long as the component is mounted. With `null` for arguments nothing is asked. */
  useLive<N extends Name<DB>>(
    name: N,
    args?: Args<DB, N> | Record<string, never> | null,
    options?: UseLiveOptions,
  ): LiveState<Returns<DB, N>>
  /** An action, and whether it is under way. */
  useAction<N extends Name<DB>>(
    name: N,
  ): readonly [(...given: [...ArgsParameter<DB, N>, options?: ActOptions | undefined]) => Promise<Answer<Returns<DB, N>>>, ActionState]
}

const nothing = (): (() => void) => () => {}

/** The hooks of one client; make them once, beside it. */
export function createHooks<DB = AnyDatabase>(live: Live<DB>): Hooks<DB> {
  return {
    useLive<N extends Name<DB>>(name: N, args?: Args<DB, N> | Record<string, never> | null, options?: UseLiveOptions) {
      const isSkipped = args === null
      const settled = useSettled(isSkipped ? null : textOf(args), args, options?.debounceMs ?? 0)
      const watch = useMemo(
        () => (settled.key === null ? undefined : live.watch(name, ...([settled.value] as ArgsParameter<DB, N>))),
        [name, settled],
      )
      const subscribe = useMemo(() => (watch ? (told: () => void) => watch.subscribe(told) : nothing), [watch])
      return useSyncExternalStore<LiveState<Returns<DB, N>>>(
        subscribe,
        () => watch?.state ?? IDLE,
        () => IDLE,
      )
    },

    useAction<N extends Name<DB>>(name: N) {
      const [state, setState] = useState<ActionState>({ isPending: false, error: null })
      const newest = useRef(0)
      const act = useCallback(
        async (...given: [...ArgsParameter<DB, N>, options?: ActOptions | undefined]) => {
          const mine = ++newest.current
          setState({ isPending: true, error: null })
          const answer = await live.act(name, ...given)
          if (mine === newest.current) setState({ isPending: false, error: answer.error })
          return answer
        },
        [name],
      )
      return [act, state] as const
    },
  }
}

function textOf(args: unknown): string {
  return JSON.stringify(args ?? {}, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

/** The value that has had the same key for so long; the first at once. */
function useSettled<T>(key: string | null, value: T, delayMs: number): { key: string | null; value: T } {
  const now = useMemo(() => ({ key, value }), [key])
  const [settled, setSettled] = useState(now)
  useEffect(() => {
    if (!delayMs || settled === now) return
    const timer = setTimeout(() => setSettled(now), delayMs)
    return () => clearTimeout(timer)
  }, [now, settled, delayMs])
  return delayMs ? settled : now
}
