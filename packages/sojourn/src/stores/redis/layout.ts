/**
 * The names of everything that is kept in Redis. What stands in the braces is the tag: it alone decides the hash slot,
 * so a roster, its channel and its heartbeat are on one server, and a script may touch all of them.
 *
 *     <prefix>:{<tag>}:<roster key>      a roster
 *     <prefix>:{<tag>}:beat:<node>       the heartbeat of one process, see fence.ts
 *     <prefix>:{<tag>}:changes           shard channel of a cluster: the changed rosters of this tag
 *     <prefix>:changes                   channel elsewhere
 *     <prefix>:{<first tag>}:document:<name>
 *
 * A roster key is a MAC or random, so its first bits choose the tag evenly.
 */
import type { RosterKey } from '../../core/ids.ts'
import { ROSTER_KEY_LENGTH } from '../../core/ids.ts'
import { tagNames } from './slots.ts'

export interface Layout {
  /** Names of the tags, ordered by slot. A tag is told by its place among them. */
  readonly tags: readonly string[]
  tagOf(roster: RosterKey): number
  /** `tag` is its own. */
  rosterKey(roster: RosterKey, tag: number): string
  /** `undefined` for the key of something else. */
  rosterOf(key: string): RosterKey | undefined
  /** Under `DOCUMENTS_TAG`. */
  documentKey(name: string): string
  beatKey(tag: number, node: string): string
  channel(tag: number): string
  /** All that `channel` answers. */
  readonly channels: readonly string[]
}

export interface LayoutOptions {
  readonly prefix: string
  /** A power of two from 1 to 4096. */
  readonly tags: number
  /** In a cluster each tag has a channel of its own. */
  readonly sharded: boolean
}

/** The first name is the same whatever the number of tags: the documents say what that number is. */
export const DOCUMENTS_TAG = 0

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** By character code. */
const VALUES: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) =>
  Math.max(0, ALPHABET.indexOf(String.fromCharCode(code))),
)
/** The first two characters of a roster key hold them. */
const LEADING_BITS = 12

export function createLayout({ prefix, tags: count, sharded }: LayoutOptions): Layout {
  const tags = tagNames(count)
  const folders = tags.map((tag) => `${prefix}:{${tag}}:`)
  const shift = LEADING_BITS - Math.log2(count)
  const channels = sharded ? folders.map((folder) => `${folder}changes`) : [`${prefix}:changes`]

  function tagOf(roster: RosterKey): number {
    return ((valueAt(roster, 0) << 6) | valueAt(roster, 1)) >> shift
  }

  return {
    tags,
    channels,
    tagOf,
    rosterKey: (roster, tag) => (folders[tag] as string) + roster,
    rosterOf(key) {
      const roster = key.slice(-ROSTER_KEY_LENGTH) as RosterKey
      return folders[tagOf(roster)] + roster === key ? roster : undefined
    },
    documentKey: (name) => `${folders[DOCUMENTS_TAG]}document:${name}`,
    beatKey: (tag, node) => `${folders[tag]}beat:${node}`,
    channel: (tag) => channels[sharded ? tag : 0] as string,
  }
}

function valueAt(roster: string, at: number): number {
  return VALUES[roster.charCodeAt(at)] ?? 0
}
