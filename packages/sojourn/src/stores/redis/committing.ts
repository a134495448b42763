/** Sends a change to the script that applies it, and understands what it answers. */
import { decodeRecord } from '../../core/codec/record.ts'
import type { RosterKey } from '../../core/ids.ts'
import type { CommitAnswer, RosterChange } from '../../core/store.ts'
import {
  argumentsOf,
  type Damaged,
  mustLand,
  NONE_DAMAGED,
  type PreparedChange,
  type Publishing,
} from './changing.ts'
import { outOfStep } from './failures.ts'
import type { Layout } from './layout.ts'
import type { RedisPort, Reply } from './port.ts'
import { fieldsIn, HEADER, readRoster, valuesIn } from './reading.ts'
import { runScript, runScriptAndWait, type ScriptCall, type Scripts } from './scripts.ts'

export interface CommittingParts {
  readonly port: RedisPort
  readonly layout: Layout
  readonly scripts: Scripts
  /** How many replicas a write above `fast` must reach. */
  readonly voters: number
  /** How long they may take, milliseconds. */
  readonly waitMs: number
  readonly publish: Publishing['command']
}

/** Less than a caller waits for a commit, and less than a connection that is silent is given. */
const LONGEST_WAIT_MS = 500
/** Of the fence: on one connection with the commits, a heartbeat stands behind their `WAIT`, and has two fifths. */
const WAIT = 1 / 10

/** How long the voters may take for a commit, milliseconds. */
export function waitFor(fenceMs: number): number {
  return Math.min(LONGEST_WAIT_MS, fenceMs * WAIT)
}

/** `occupied`: a conflict with something that should be absent. Perhaps it only cannot be read, and counts as absent. */
type ScriptAnswer = CommitAnswer | 'occupied'

/** In the order of the numbers in `commit.lua`. */
const ANSWERS: readonly ScriptAnswer[] = ['conflict', 'committed', 'occupied', 'gone']

/** **Cost**: one round trip; three where something damaged is replaced. Rejects with what the port rejects with. */
export async function commitChange(parts: CommittingParts, prepared: PreparedChange): Promise<CommitAnswer> {
  const answer = await apply(parts, prepared, NONE_DAMAGED)
  if (answer !== 'occupied') return answer
  const damaged = await findDamaged(parts, prepared)
  const second = damaged.size === 0 ? 'conflict' : await apply(parts, prepared, damaged)
  return second === 'occupied' ? 'conflict' : second
}

async function apply(
  parts: CommittingParts,
  prepared: PreparedChange,
  damaged: Damaged,
): Promise<ScriptAnswer> {
  const { port, voters, waitMs } = parts
  const { change } = prepared
  const call = callOf(parts, prepared, damaged)
  if (change.writeClass === 'fast' || voters === 0) return answerIn(await runScript(port, call), prepared)
  const { reply, replicas } = await runScriptAndWait(port, call, { replicas: voters, timeoutMs: waitMs })
  const answer = answerIn(reply, prepared)
  return answer === 'committed' && !isOnAll(replicas, voters) ? 'uncertain' : answer
}

/** Whoever answers a `WAIT` with no number has confirmed nothing. */
export function isOnAll(replicas: number, voters: number): boolean {
  return replicas >= voters
}

function callOf(
  { layout, scripts, publish }: CommittingParts,
  prepared: PreparedChange,
  damaged: Damaged,
): ScriptCall {
  const { roster, change } = prepared
  const tag = layout.tagOf(roster)
  const channel = publish === '' ? '' : layout.channel(tag)
  return {
    script: mustLand(change) ? scripts.commitWhenFull : scripts.commit,
    key: layout.rosterKey(roster, tag),
    values: argumentsOf(prepared, { command: publish, channel }, damaged),
  }
}

/** @throws SystemError `STORE_UNAVAILABLE` for what is not the answer to this commit: nobody knows what became of it */
function answerIn(reply: Reply, { receipt }: PreparedChange): ScriptAnswer {
  const answer = typeof reply === 'number' ? ANSWERS[reply - ANSWERS.length * receipt] : undefined
  if (answer === undefined) throw outOfStep()
  return answer
}

/**
 * What stands in the way and does not decode. A script cannot check a checksum, so it is told the very bytes that
 * count as absent; if they are others by then, it refuses.
 */
function findDamaged(parts: CommittingParts, { roster, change, numbers }: PreparedChange): Promise<Damaged> {
  return change.expect === 'absent'
    ? findDamagedRoster(parts, roster)
    : findDamagedRecords(parts, { roster, numbers, incarnation: change.expect.incarnation })
}

async function findDamagedRoster({ port, layout }: CommittingParts, roster: RosterKey): Promise<Damaged> {
  const key = layout.rosterKey(roster, layout.tagOf(roster))
  const fields = fieldsIn(await port.command(['HGETALL', key], { key, readonly: true }))
  const header = fields.get(HEADER)
  const isDamaged = header !== undefined && readRoster(fields, roster) === 'damaged'
  return isDamaged ? new Map([[HEADER, header]]) : NONE_DAMAGED
}

async function findDamagedRecords(
  { port, layout }: CommittingParts,
  {
    roster,
    numbers,
    incarnation,
  }: Pick<PreparedChange, 'roster' | 'numbers'> &
    Pick<Exclude<RosterChange['expect'], 'absent'>, 'incarnation'>,
): Promise<Damaged> {
  const key = layout.rosterKey(roster, layout.tagOf(roster))
  const reply = await port.command(['HMGET', key, ...numbers], { key, readonly: true })
  const damaged = new Map<string, Buffer>()
  for (const [index, value] of valuesIn(reply, numbers.length).entries()) {
    const number = numbers[index]
    if (value === null || number === undefined) continue
    if (decodeRecord({ roster, incarnation, number }, value) === 'damaged') damaged.set(number, value)
  }
  return damaged
}
