/**
 * Who asks, told from the token: answers are kept for one identity and dropped with it.
 *
 * The server checks tokens; here nothing is believed, callers are only told apart.
 */

/** Whose token cannot be read: told apart from all others, and nothing of theirs is stored. */
export const UNREADABLE = '?'

/** All that a token says of its caller, `anon` without one. */
export function identityOf(token: string | null): string {
  if (!token) return 'anon'
  try {
    // The bytes of letters beyond ASCII are not put together: that tells callers apart as well.
    const claims = atob(token.split('.')[1]!.replace(/-/g, '+').replace(/_/g, '/'))
    // These change with every refresh of one session. Any other claim may be what a query asks for, so that another
    // tenant or role is another identity, though the user is the same.
    const { exp, iat, nbf, jti, ...lasting } = JSON.parse(claims) as Record<string, unknown>
    return JSON.stringify(Object.entries(lasting).sort())
  } catch {
    return UNREADABLE + token
  }
}
