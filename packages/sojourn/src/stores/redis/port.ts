/**
 * What the Redis store needs of a driver: three methods, in words that no driver's types appear in. There is a port
 * for each driver (`node-redis.ts`, `ioredis.ts`); a port for another one passes `redisPortConformance` of `sojourn/testing`.
 *
 * All ports keep these rules:
 *
 * - A call that fails rejects, and is never sent again: whether a write is repeated is decided by whoever knows what
 *   it was. While there is no connection, calls are rejected at once, not queued.
 * - Replies come in the order of the calls to one server, as `Reply`: bytes are `Buffer`, integers are numbers.
 * - An error that the server answered has its text (`OOM command not allowed …`) as `message`.
 *   A list that is a map is flat (`HGETALL`), whatever the protocol.
 * - `MOVED` and `ASK` are followed; `TRYAGAIN`, `CLUSTERDOWN` and whatever else a server answers is the caller's.
 * - A connection that has gone silent is found and replaced within a second, with jittered pauses, for ever.
 */
export interface RedisPort {
  readonly traits: PortTraits
  /** Sends one command to the primary that has `key`, following a cluster's redirections. */
  command(args: readonly CommandArgument[], options: CommandOptions): Promise<Reply>
  /**
   * The write and `WAIT replicas timeoutMs` leave together on a connection of their own to the primary that has `key`.
   * A connection that is lost in between rejects: nobody knows then. `WAIT` on the shared connection would stall every reader;
   * on another connection it would answer for other writes.
   */
  writeAndWait(args: readonly CommandArgument[], options: WaitOptions): Promise<Acknowledged>
  /**
   * Tells which keys have changed, by the means in `traits.invalidation`; absent where that is `none`. Told between two
   * replies; where it is heard on the reads' own connection, before the reply of any read that was sent later. The answer
   * ends it.
   */
  subscribe?(interest: KeyInterest): () => void
  /**
   * For topologies that can replace a primary: whether others than itself (a majority of Sentinels, of a cluster's primaries) name the server that
   * this port reads `key` from. Absent where nobody else can know.
   */
  isNamedPrimary?(key: string): Promise<boolean>
  /**
   * Tells that reads may go out to another server than before, before any does: a connection was lost or replaced, a
   * cluster's slots were mapped anew. What was found out about the old server says nothing about the new one. Absent
   * where the address never leads to another server. The answer ends it.
   */
  watchRouting?(onChanged: () => void): () => void
  /**
   * Ends the connections that `key` is read and written through, as if they were lost: what they answer belongs to other
   * questions. Calls in flight on them reject; others are made. Absent where that cannot be done.
   */
  giveUp?(key: string): void
  /** Closes what the port opened itself; a client that was handed in stays open. Waits for no server. Idempotent. */
  close(): Promise<void>
}

export interface PortTraits {
  /** `node-redis`, `ioredis`: for metrics and messages. */
  readonly driver: string
  readonly topology: 'single' | 'sentinel' | 'cluster'
  /**
   * `push`: the server tells on the reads' own connection (RESP3 tracking). `feed`: changes are published by the commit
   * script and heard on a subscriber connection. `none`: only the lease bounds the age of a copy.
   */
  readonly invalidation: 'push' | 'feed' | 'none'
}

export type CommandArgument = string | Buffer

export type Reply = Buffer | string | number | null | readonly Reply[]

export interface CommandOptions {
  /** Routes the command; every key in `args` is in its slot. */
  readonly key: string
  readonly readonly: boolean
}

export interface WaitOptions {
  readonly key: string
  /** How many replicas must have it. */
  readonly replicas: number
  readonly timeoutMs: number
}

export interface Acknowledged {
  readonly reply: Reply
  /** How many replicas confirmed in time. */
  readonly replicas: number
}

export interface KeyInterest {
  /** Where the commit script publishes changed keys, for ports whose means is `feed`. One a tag in a cluster, where each is a shard channel; else one. */
  readonly channels: readonly string[]
  readonly onChanged: (key: string) => void
  /** The connection was lost, or is new: anything may have changed unheard. */
  readonly onLost: () => void
}
