/**
 * What was acknowledged, once more: rules for a store that has lost it since, because it had not reached the copy that
 * took over. Where the store still has it they change nothing, and they bring nothing back that has ended.
 */
import type { SessionNumber } from '../ids.ts'
import type { ClaimTarget, StoredSession } from '../roster.ts'
import { type EndedSession, type Rule, withSession } from './rule.ts'

/** The secret that a session was given, with what an elevation changed; its data is what the store has. */
export function renewedAgain(renewed: StoredSession): Rule<undefined> {
  return (roster) => {
    const session = roster?.sessions.get(renewed.number)
    if (roster === undefined || session === undefined || session.generation >= renewed.generation)
      return { roster, answer: undefined }
    const { version, epoch, claim, data } = session
    return {
      roster: withSession(roster, { ...renewed, version, epoch, claim, data }),
      answer: undefined,
    }
  }
}

/** The record was taken over by a sign-in. */
export function claimedAgain(number: SessionNumber, target: ClaimTarget): Rule<undefined> {
  return (roster) => {
    const session = roster?.sessions.get(number)
    if (roster === undefined || session === undefined || session.claim !== undefined)
      return { roster, answer: undefined }
    return { roster: withSession(roster, { ...session, claim: target }), answer: undefined }
  }
}

/** One rule after another, each on what the one before it made. */
export function inTurn(rules: readonly Rule<unknown>[]): Rule<undefined> {
  return (before, moment) => {
    let roster = before
    const ended: EndedSession[] = []
    for (const rule of rules) {
      const step = rule(roster, moment)
      roster = step.roster
      ended.push(...(step.ended ?? []))
    }
    return { roster, answer: undefined, ended }
  }
}
