/** What an adapter needs to be raced. One file in `adapters/` for each, listed in `adapters.ts`. */
import type { Server } from 'node:http'
import type { AppSessions, Routes } from './routes.ts'

export interface AdapterUnderTest {
  readonly name: string
  /** A server that is not listening yet. */
  serve(sessions: AppSessions, answer: Routes): Server
}
