/** What the examples of the documentation use without declaring it: an application around them. */
import type nodeAssert from 'node:assert/strict'
import type { randomBytes as nodeRandomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type {
  Attempt,
  createSessions as create,
  RevokeUncertain as Uncertain,
  SessionHandle,
  Sessions,
  SessionStore,
} from 'sojourn'
import type { memoryStore as memory } from 'sojourn/stores/memory'
import type { redisStore as overRedis } from 'sojourn/stores/redis'
import type { ioRedis as byIoRedis } from 'sojourn/stores/redis/ioredis'
import type { nodeRedis as byNodeRedis } from 'sojourn/stores/redis/node-redis'
import type { sqliteStore as sqlite } from 'sojourn/stores/sqlite'
import type { tieredStore as tiered } from 'sojourn/stores/tiered'
import type { loginAs as login } from 'sojourn/testing'

declare global {
  interface ShopData {
    cart: string[]
    theme: 'light' | 'dark'
    visits: number
  }
  interface ShopRoles {
    roles: string[]
  }

  // What other examples on the page import.
  const createSessions: typeof create
  const RevokeUncertain: typeof Uncertain
  const memoryStore: typeof memory
  const sqliteStore: typeof sqlite
  const redisStore: typeof overRedis
  const nodeRedis: typeof byNodeRedis
  const ioRedis: typeof byIoRedis
  const tieredStore: typeof tiered
  const loginAs: typeof login
  const randomBytes: typeof nodeRandomBytes
  const assert: typeof nodeAssert

  // What the application has made.
  const secrets: string
  const newSecret: string
  const oldSecret: string
  const store: SessionStore
  const sessions: Sessions<ShopData, ShopRoles>
  const server: Server
  const application: (request: Request) => Promise<Response>
  const certificateAuthority: Buffer
  const readSecret: (name: string) => string

  // One request.
  const request: Request
  const session: SessionHandle<ShopData, ShopRoles>
  const attempt: Attempt
  const user: { readonly id: string; readonly version: number }
  const password: string
  const code: string
  const chosenId: string
  const wantsToBeRemembered: boolean

  // What the application does in its own way.
  const isPassword: (name: string, password: string) => Promise<boolean>
  const isSecondFactor: (code: string) => Promise<boolean>
  const explain: (reason: string) => void
  const tellTheUser: (text: string) => void
  const show: (...columns: readonly (string | number | boolean)[]) => void
  const answerWith: (body: object) => void
  const askForPasswordThen: (goOn: () => Promise<unknown>) => void
  const audit: (...columns: readonly string[]) => void
}
