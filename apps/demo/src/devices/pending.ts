/**
 * What needs a recent password. When it was given too long ago, the action is kept in the session data, the
 * password is asked for (`confirm.ts`), and then the action goes on as if nothing had been in between.
 */
import type { DeviceChange } from 'sojourn'
import { signInFirst } from '../people/members-only.ts'
import { leave } from '../people/sign-in.ts'
import type { LocalPath } from '../web/return-path.ts'
import { type MemberVisit, seeOther } from '../web/visit.ts'

export type PendingAction =
  | { readonly kind: 'sign-out-one'; readonly id: string }
  | { readonly kind: 'sign-out-others' }
  | { readonly kind: 'sign-out-all' }
  | { readonly kind: 'address'; readonly address: string }

/** Does it, or keeps it and asks for the password. */
export async function doOrAsk(visit: MemberVisit, action: PendingAction): Promise<void> {
  const next = await perform(visit, action)
  if (next === '/signed-out') return leave(visit)
  if (next !== 'ask') return seeOther(visit, next)
  const kept = await visit.session.update((data) => ({ ...data, pending: action }))
  if (kept.kind === 'changed') seeOther(visit, '/confirm')
  else signInFirst(visit, pageOf(action))
}

/** The page that an action belongs to. */
export function pageOf({ kind }: PendingAction): LocalPath {
  return kind === 'address' ? '/account' : '/devices'
}

async function perform(visit: MemberVisit, action: PendingAction): Promise<LocalPath | 'ask'> {
  const { account, session, shop } = visit
  if (action.kind === 'sign-out-one')
    return after(await session.revoke(action.id), '/devices?notice=signed-out-one')
  if (action.kind === 'sign-out-others')
    return after(await session.revokeOthers(), '/devices?notice=signed-out-others')
  if (action.kind === 'sign-out-all') return after(await session.revokeAll(), '/signed-out')
  if (!session.meets({ within: shop.passwordAgainAfter })) return 'ask'
  shop.accounts.setAddress(account.id, action.address)
  return '/account?notice=address'
}

function after(change: DeviceChange, done: LocalPath): LocalPath | 'ask' {
  if (change.kind === 'reauthenticate') return 'ask'
  return change.kind === 'done' ? done : '/devices?notice=gone-already'
}
