/** One request, as the pages see it. */
import type { Request, Response } from 'express'
import type { Account } from '../people/accounts.ts'
import type { Shop, ShopSession } from '../shop.ts'
import type { LocalPath } from './return-path.ts'

export interface Visit {
  readonly shop: Shop
  readonly session: ShopSession
  /** Who is signed in. */
  readonly account: Account | undefined
  readonly request: Request
  readonly response: Response
}

/** A visit of somebody who is signed in. */
export interface MemberVisit extends Visit {
  readonly account: Account
}

export type Handler = (visit: Visit) => void | Promise<void>

/** After a POST: the page to look at now. 303 makes the browser GET it, so a reload repeats nothing. */
export function seeOther({ response }: Pick<Visit, 'response'>, path: LocalPath): void {
  response.set('cache-control', 'no-store').redirect(303, path)
}

/** A part of the address behind `?`; empty when it is absent or there more than once. */
export function query({ request }: Pick<Visit, 'request'>, name: string): string {
  const value = request.query[name]
  return typeof value === 'string' ? value : ''
}
