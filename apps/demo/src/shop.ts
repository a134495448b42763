/** What the pages share: the sessions with their data, the accounts and the orders. */
import {
  createSessions,
  type PageHeaders,
  type SessionHandle,
  type Sessions,
  type SessionStore,
} from 'sojourn'
import type { ExpressSessions } from 'sojourn/express'
import type { Accounts } from './people/accounts.ts'
import type { PendingAction } from './devices/pending.ts'
import type { Diary } from './diary/diary.ts'
import type { Orders } from './shop/orders.ts'
import type { Basket } from './shop/basket.ts'

/** What a session of this shop remembers. */
interface ShopData {
  basket: Basket
  /** What somebody asked for that waits for their password. */
  pending: PendingAction
}

type NoAttributes = Record<string, never>
export type ShopSessions = Sessions<ShopData, NoAttributes>
export type ShopSession = SessionHandle<ShopData, NoAttributes>
export type ShopMiddleware = ExpressSessions<ShopData, NoAttributes>

export interface Shop {
  readonly sessions: ShopSessions
  readonly accounts: Accounts
  readonly orders: Orders
  readonly diary: Diary
  /** Asking for the password again: not needed when it was given this recently. */
  readonly passwordAgainAfter: `${number}s`
  readonly pageHeaders: () => PageHeaders
  /** Aborted when the shop closes: connections that stay open end then. */
  readonly closing: AbortSignal
}

/** Most devices that one account is signed in on; one more signs the least recently used one out. */
export const MOST_DEVICES = 5

export interface ShopSessionsOptions {
  readonly secret: string
  readonly store: SessionStore
  readonly passwordAgainAfter: `${number}s`
  readonly trustedProxies?: readonly string[] | undefined
}

/** @throws ConfigError about `proxies`, when those cannot be trusted */
export function shopSessions(options: ShopSessionsOptions): ShopSessions {
  const { secret, store, passwordAgainAfter, trustedProxies } = options
  return createSessions<ShopData, NoAttributes>({
    deployment: 'wayside-demo',
    secrets: secret,
    store,
    data: { dictionary: ['basket', 'pending'] },
    anonymous: { carry: ['basket'] },
    devices: { limit: MOST_DEVICES },
    reauthenticateWithin: passwordAgainAfter,
    ...(trustedProxies === undefined ? {} : { proxies: { trusted: trustedProxies } }),
  })
}
