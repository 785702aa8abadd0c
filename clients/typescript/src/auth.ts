/** The token: asked for before each request, from supabase-js or a function, and watched for changes. */

import { identityOf } from './identity.js'

interface Session {
  access_token: string
}

/** What is used of a supabase client: `createClient(...)` of supabase-js fits. */
export interface SupabaseAuth {
  auth: {
    getSession(): PromiseLike<{ data: { session: Session | null } }>
    onAuthStateChange(changed: (event: string, session: Session | null) => void): {
      data: { subscription: { unsubscribe(): void } }
    }
    refreshSession?(): PromiseLike<unknown>
  }
}

export interface TokenSource {
  readonly supabase?: SupabaseAuth | undefined
  readonly accessToken?: (() => PromiseLike<string | null> | string | null) | undefined
}

export interface Auth {
  /** Undefined until the first token is known: nothing that was kept may be shown before. */
  identity: string | undefined
  /** Rises with each change of the identity: what was asked under another number is not taken. */
  generation: number
  /** The token for a request that begins now. */
  token(): Promise<string | null>
  /** After the server has refused a token: whether there is another one. */
  renew(refused: string | null): Promise<boolean>
  close(): void
}

/** `changed` is told of every other token: whether it is another caller's, and whether it is the first. */
export function createAuth({ supabase, accessToken }: TokenSource, changed: (isOther: boolean, isFirst: boolean) => void): Auth {
  let current: string | null = null
  /** Rises whenever we are told of a token, so that an older question's answer does not undo the news. */
  let news = 0

  const learn = (token: string | null): void => {
    const isFirst = auth.identity === undefined
    if (!isFirst && token === current) return
    const identity = identityOf(token)
    const isOther = identity !== auth.identity
    current = token
    auth.identity = identity
    if (isOther && !isFirst) auth.generation++
    changed(isOther, isFirst)
  }

  const ask = async (): Promise<string | null> => {
    if (accessToken) return (await accessToken()) || null
    return (await supabase?.auth.getSession())?.data.session?.access_token ?? null
  }

  const auth: Auth = {
    identity: undefined,
    generation: 0,

    async token() {
      for (;;) {
        const before = news
        const token = await ask()
        // A sign-out that was told while we asked is the newer truth.
        if (before !== news) continue
        learn(token)
        return token
      }
    },

    async renew(refused) {
      if ((await auth.token()) !== refused) return true
      if (accessToken || !refused) return false
      // Its clock may be behind the server's: it believes in a token that has ended.
      await supabase?.auth.refreshSession?.()
      return (await auth.token()) !== refused
    },

    close() {
      watched?.data.subscription.unsubscribe()
    },
  }

  const watched = accessToken
    ? undefined
    : supabase?.auth.onAuthStateChange((_event, session) => {
        // supabase-js holds a lock meanwhile: nothing of it may be called from here.
        news++
        learn(session?.access_token ?? null)
      })
  return auth
}
