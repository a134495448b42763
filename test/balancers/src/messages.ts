/** What a process of the fleet is told, and what it says. */
import type { RosterChange, SessionStore } from 'sojourn'

/**
 * Where sessions live: in a Redis that all share, behind a near copy; in the memory of the process that began them; or in
 * the memory of all, each telling the others what it changed.
 */
export type Keeping = 'redis' | 'process' | 'copied'

/** As deployed, or all pauses a third or less of that: for a test, in which most of the time would go by in them. */
export type Pace = 'deployed' | 'hurried'

export interface Start {
  readonly name: string
  readonly port: number
  readonly sessions: Keeping
  readonly pace: Pace
  readonly redisUrl: string
  /** Of all keys in Redis. */
  readonly prefix: string
}

/** Something that was written in one process, for the others. */
export type Written =
  | { readonly roster: Parameters<SessionStore['commit']>[0]; readonly change: RosterChange }
  | { readonly document: string; readonly expected: number | 'absent'; readonly value: string }

export type Told =
  | { readonly kind: 'tell-figures' }
  | { readonly kind: 'apply'; readonly written: readonly Written[] }

export type Said =
  | { readonly kind: 'ready' }
  | { readonly kind: 'figures'; readonly figures: Figures }
  | { readonly kind: 'wrote'; readonly written: Written }

/** Reads of the near cache: counters. */
export interface Figures {
  /** Answered from a copy. */
  readonly hits: number
  readonly all: number
}

/** What `/me` and `/settled` answer, and `/sign-in` of the session that it began. */
export interface Me {
  readonly process: string
  readonly subject: string | null
  readonly id: string | null
  readonly visits: number
}
