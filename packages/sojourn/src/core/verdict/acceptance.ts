/**
 * What follows from a good token: the session as the application sees it, a token in its place where it is to be
 * replaced, and what the store is to be told later.
 */
import type { Engine } from '../engine.ts'
import { sessionId } from '../ids.ts'
import type { Judgement } from './judge.ts'
import { isTouchDue } from '../policy/lifetimes.ts'
import { endGrace } from '../rules/change.ts'
import { basisOf, type Presented } from '../session.ts'
import { openSuccessor } from '../token/seal.ts'
import {
  claimedSessionId,
  resignToken,
  secretOf,
  type TokenClaims,
  type TokenScope,
  writeToken,
} from '../token/token.ts'

export interface CheckedToken {
  readonly claims: TokenClaims
  readonly token: string
  readonly transport: string
  readonly scope: TokenScope
}

export interface Accepted {
  readonly presented: Presented
  /** A token to hand to the client in place of the one it presented. */
  readonly renewed: string | undefined
}

export function accept(
  engine: Engine,
  check: CheckedToken,
  { header, session: record, by, now }: Judgement & { readonly kind: 'valid' } & { readonly now: number },
): Accepted {
  const { claims, token, scope, transport } = check
  const { settings } = engine
  const renewed =
    by === 'previous'
      ? successorOf(engine, check, record)
      : claims.retiring
        ? resignToken(scope, token)
        : undefined
  const { roster } = claims
  const presented = { roster, header, record, token: renewed ?? token, transport, settings, checkedAt: now }
  if (by === 'present' && record.grace !== undefined) settleGrace(engine, presented)
  if (isTouchDue(record, now, settings.lifetimes)) engine.touches.add(presented)
  return { presented, renewed }
}

function successorOf(
  { settings }: Engine,
  { claims, token, scope }: CheckedToken,
  { generation, grace }: Presented['record'],
): string | undefined {
  const id = claimedSessionId(claims)
  const place = { session: id, generation, presented: secretOf(token) }
  const secret = grace === undefined ? undefined : openSuccessor(settings.ring, grace.sealed, place)
  return secret === undefined ? undefined : writeToken(scope, id, generation, secret)
}

function settleGrace({ chores, writer, replicated }: Engine, presented: Presented): void {
  const { roster, record } = presented
  chores.add(`grace ${sessionId(roster, record.number)}`, () =>
    writer.change(roster, {
      scope: record.number,
      rule: endGrace(basisOf(presented)),
      writeClass: replicated,
      repeatable: true,
    }),
  )
}
