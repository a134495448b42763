/** Attributes that all sessions of a subject share; an older version never replaces a newer one. */
import type { SubjectAttributes } from '../roster.ts'
import { newerAttributes } from './admit.ts'
import { type Rule, withHeader } from './rule.ts'

export type AttributesAnswer = 'set' | 'stale' | 'no-sessions'

export function setAttributes(offered: SubjectAttributes): Rule<AttributesAnswer> {
  return (roster) => {
    if (roster === undefined || roster.header.subject === undefined) return { roster, answer: 'no-sessions' }
    if (
      roster.header.attributes?.json === offered.json &&
      roster.header.attributes.version === offered.version
    )
      return { roster, answer: 'set' }
    if (newerAttributes(roster.header, offered) !== offered) return { roster, answer: 'stale' }
    return { roster: withHeader(roster, { attributes: offered }), answer: 'set' }
  }
}
