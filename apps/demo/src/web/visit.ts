/** One request, as the pages see it. */
import type { Account } from '../people/accounts.ts'
import type { Shop, ShopSession } from '../shop.ts'
import type { Answer } from './answer.ts'
import type { Form } from './form.ts'

export interface Visit {
  readonly shop: Shop
  readonly session: ShopSession
  readonly url: URL
  /** Who is signed in. */
  readonly account: Account | undefined
  /** What was posted; empty for other requests. */
  readonly form: Form
}

/** A visit of somebody who is signed in. */
export interface MemberVisit extends Visit {
  readonly account: Account
}

export type Handler = (visit: Visit) => Answer | Promise<Answer>

export interface Route {
  readonly path: string
  readonly get?: Handler
  readonly post?: Handler
}
