/** The store contract over a port. `index.ts` shows the layout. */
import { SystemError } from '../../core/errors.ts'
import type { Examinable } from '../../core/findings.ts'
import { type Measure, measuresItself, type SelfMeasuring } from '../../core/measures.ts'
import type { RosterKey } from '../../core/ids.ts'
import type { Roster, Unreadable } from '../../core/roster.ts'
import type {
  ChangeFeed,
  ChangeListener,
  CommitAnswer,
  Fenced,
  ReadAnswer,
  RosterChange,
  SessionStore,
  StoreTraits,
} from '../../core/store.ts'
import { prepareChange } from './changing.ts'
import { commitChange, type CommittingParts, isOnAll, waitFor } from './committing.ts'
import { redisDocuments } from './documents.ts'
import { examineRedis } from './examination/index.ts'
import { asSystemError } from './failures.ts'
import { createFence } from './fence.ts'
import { createFencedReads, type Place } from './fenced-reads.ts'
import { createLayout, DOCUMENTS_TAG, type Layout } from './layout.ts'
import type { RedisStoreSettings } from './options.ts'
import type { CommandArgument, RedisPort, Reply } from './port.ts'
import { fieldsIn, HEADER, readRecord, readRoster } from './reading.ts'
import { loadScripts, runScript, runScriptAndWait } from './scripts.ts'
import { createLook } from './second-look.ts'

export type RedisStore = SessionStore & Fenced & SelfMeasuring & ChangeFeed & Examinable

export function redisStoreOver(settings: RedisStoreSettings): RedisStore {
  const { redis: port, environment, voters, fenceMs } = settings
  const sharded = port.traits.topology === 'cluster'
  const layout = createLayout({ ...settings, sharded })
  const fence = createFence({ port, environment, layout, voters, fenceMs })
  const readFenced = createFencedReads({ port, fence, environment, fenceMs })
  const look = createLook({ port, environment, read: reading })
  const parts: CommittingParts = {
    port,
    layout,
    scripts: loadScripts(),
    voters,
    waitMs: waitFor(fenceMs),
    publish: publishing(settings),
  }
  let closed = false

  return {
    traits: traitsOf(settings),
    documents: redisDocuments({
      read: readDocument,
      write: writeDocument,
      standsOn: () => fence.standsOn(DOCUMENTS_TAG),
    }),
    read(roster, number) {
      const tag = layout.tagOf(roster)
      const key = layout.rosterKey(roster, tag)
      return look({
        args: ['HMGET', key, HEADER, number],
        place: { key, tag },
        decode: (reply) => readRecord(reply, roster, number),
        isWhole: isSession,
      })
    },
    list(roster) {
      const tag = layout.tagOf(roster)
      const key = layout.rosterKey(roster, tag)
      return look({
        args: ['HGETALL', key],
        place: { key, tag },
        decode: (reply) => readRoster(fieldsIn(reply), roster),
        isWhole: isReadable,
      })
    },
    commit,
    async ping() {
      assertOpen()
      const key = layout.documentKey('ping')
      await orSystemError(port.command(['PING'], { key, readonly: true }))
    },
    async close() {
      closed = true
      fence.close()
    },
    isConfirmed: (roster, now) => fence.isConfirmed(layout.tagOf(roster), now),
    measures,
    examine: (examining) => examineRedis({ settings, layout }, examining),
    ...feedOf(settings, layout),
  }

  async function commit(roster: RosterKey, change: RosterChange): Promise<CommitAnswer> {
    assertOpen()
    return orSystemError(commitChange(parts, prepareChange(roster, change, environment.now())))
  }

  function readDocument(name: string): Promise<Reply> {
    const key = layout.documentKey(name)
    return reading(['HMGET', key, 'version', 'value'], { key, tag: DOCUMENTS_TAG })
  }

  async function writeDocument(name: string, values: readonly string[]): Promise<Reply> {
    assertOpen()
    const { putDocument, replaceDocument } = parts.scripts
    const script = values[0] === '' ? putDocument : replaceDocument
    const call = { script, key: layout.documentKey(name), values }
    if (voters === 0) return orSystemError(runScript(port, call))
    const waiting = { replicas: voters, timeoutMs: parts.waitMs }
    const { reply, replicas } = await orSystemError(runScriptAndWait(port, call, waiting))
    if (reply === 1 && !isOnAll(replicas, voters)) throw unconfirmedDocument(name)
    return reply
  }

  function reading(args: readonly CommandArgument[], place: Place): Promise<Reply> {
    assertOpen()
    return readFenced(args, place)
  }

  function measures(): readonly Measure[] {
    return measuresItself(port) ? [...fence.measures(), ...port.measures()] : fence.measures()
  }

  function assertOpen(): void {
    if (closed) throw new SystemError('CLOSED', 'The Redis store has been closed.')
  }
}

function isSession(answer: ReadAnswer): boolean {
  return typeof answer === 'object' && answer.record !== undefined
}

function isReadable(answer: Roster | Unreadable | undefined): boolean {
  return typeof answer === 'object' && answer.unreadable.length === 0
}

function traitsOf({ redis, voters, tags, tells }: RedisStoreSettings): StoreTraits {
  return {
    name: 'redis',
    writeClasses: voters === 0 ? ['fast'] : ['fast', 'replicated'],
    shared: true,
    deviations: [],
    invalidation: tells && redis.subscribe !== undefined ? redis.traits.invalidation : 'none',
    tags,
  }
}

/** Told whether or not this process listens: another one may. */
function publishing({ redis, tells }: RedisStoreSettings): CommittingParts['publish'] {
  if (!tells) return ''
  return redis.traits.topology === 'cluster' ? 'SPUBLISH' : 'PUBLISH'
}

/** Whoever hears of changes, or of none, has to hear that reads go to another server: what was read from the last one was never confirmed by this one. */
function feedOf({ redis, tells }: RedisStoreSettings, layout: Layout): ChangeFeed {
  const subscribe = tells ? redis.subscribe?.bind(redis) : undefined
  return {
    watchChanges(listener) {
      const stops = [redis.watchRouting?.(listener.lost), subscribe && watch(subscribe, layout, listener)]
      return () => stops.forEach((stop) => stop?.())
    },
  }
}

function watch(
  subscribe: NonNullable<RedisPort['subscribe']>,
  layout: Layout,
  { changed, lost }: ChangeListener,
): () => void {
  return subscribe({
    channels: layout.channels,
    onChanged(key) {
      const roster = layout.rosterOf(key)
      if (roster !== undefined) changed(roster)
    },
    onLost: lost,
  })
}

async function orSystemError<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw asSystemError(error)
  }
}

function unconfirmedDocument(name: string): SystemError {
  return new SystemError(
    'STORE_UNAVAILABLE',
    `The document "${name}" was written, but not all voters have confirmed it. Read it again; look whether the replicas are connected.`,
    { retryable: true },
  )
}
