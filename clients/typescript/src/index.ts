/** `@martlet/live`: live queries, answers that are kept, and optimistic updates, beside supabase-js. */

export { createLive } from './live.js'
export { debounce, type Debounced } from './debounce.js'
export { IDLE } from './entry.js'
export { readEvents, type EventHandler, type ServerEvent } from './sse.js'
export type { SupabaseAuth } from './auth.js'
export type {
  ActOptions,
  Answer,
  AnswerStore,
  AnyDatabase,
  Args,
  ArgsParameter,
  Change,
  Connection,
  GetOptions,
  Live,
  LiveError,
  LiveOptions,
  LiveState,
  LiveStats,
  Name,
  Returns,
  StoredAnswer,
  Watch,
} from './types.js'
