/** The application under test, by its types, and the doors it is served through. */
import type { SessionHandle, Sessions } from 'sojourn'
import type * as adapters from '../../adapters/index.ts'

export {
  ADAPTERS,
  type Adapter,
  HTTP2_ADAPTERS,
  type Answer,
  type ServeOptions,
} from '../../adapters/index.ts'

export interface AppData {
  readonly cart: readonly string[]
  readonly theme: string
  readonly count: number
  readonly note: string
}

export interface AppAttributes {
  readonly role: string
}

export type AppSessions = Sessions<AppData, AppAttributes>
export type AppHandle = SessionHandle<AppData, AppAttributes>
export type Visit = adapters.Visit<AppData, AppAttributes>
export type Handler = adapters.Handler<AppData, AppAttributes>
