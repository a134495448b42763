/**
 * Compare and set of one roster: read it, hold the change against it, replace exactly what was read. When somebody else
 * was quicker, that is done again: a touch of one session does not fail for a touch of its sibling.
 */
import type { CommitAnswer, RosterExpectation } from '../../core/store.ts'
import { assertFits, firstItem, nextItem, type PreparedChange } from './changing.ts'
import { refusalOf } from './expectation.ts'
import { lifeUntil } from './life.ts'
import { openItem } from './reading.ts'
import { encodeItem, type RosterItem } from './roster-item.ts'
import type { Found, Item, Outcome, Server } from './wire/server.ts'

export interface CommitPlace {
  readonly server: Server
  /** Of the roster. */
  readonly key: string
  readonly now: number
}

/** Each is lost to a commit that was applied. Whoever loses more often is told so and decides anew. */
const MOST_ATTEMPTS = 64

/**
 * **Cost**: a creation takes one round trip, any other change two, and two more for each writer who was quicker. Rejects
 * with what the server rejects with; the outcome of a write that was on its way is then unknown.
 */
export async function commitChange(place: CommitPlace, prepared: PreparedChange): Promise<CommitAnswer> {
  const { expect } = prepared.change
  if (expect === 'absent') return create(place, prepared)
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const answer = await replaceOnce(place, prepared, expect)
    if (answer !== 'changed') return answer
  }
  return 'conflict'
}

async function create(place: CommitPlace, prepared: PreparedChange): Promise<CommitAnswer> {
  const { server, key } = place
  const item = await sizedItem(place, prepared, { next: firstItem(prepared) })
  if ((await server.add(key, item)) === 'done') return 'committed'
  const found = await server.get(key)
  if (found === undefined || openItem(prepared.roster, found.value) !== 'damaged') return 'conflict'
  // What is damaged as a whole counts as absent.
  return (await server.replace(found, item)) === 'done' ? 'committed' : 'conflict'
}

async function replaceOnce(
  place: CommitPlace,
  prepared: PreparedChange,
  expect: RosterExpectation,
): Promise<CommitAnswer | 'changed'> {
  const { roster, change } = prepared
  const found = await place.server.get(place.key)
  if (found === undefined) return 'gone'
  const opened = openItem(roster, found.value)
  if (opened === 'damaged') return 'gone'
  if (opened === 'newer') return 'conflict'
  const refusal = refusalOf(opened, expect, change)
  if (refusal !== undefined) return refusal
  if (change.header === 'drop') return answerTo(await place.server.remove(found))
  const item = await sizedItem(place, prepared, { next: nextItem(opened.item, prepared), found })
  return answerTo(await place.server.replace(found, item))
}

async function sizedItem(
  { server, now }: CommitPlace,
  { roster, change }: PreparedChange,
  { next, found }: { readonly next: RosterItem; readonly found?: Found },
): Promise<Item> {
  const value = encodeItem(roster, next)
  const largest = found?.connection.largest ?? (await server.largestValue())
  assertFits(value, { change, largest, before: found?.value.length ?? 0 })
  return { value, life: lifeUntil(next.keepUntil, now) }
}

function answerTo(outcome: Outcome): CommitAnswer | 'changed' {
  return outcome === 'done' ? 'committed' : outcome
}
