/** What docs/many-nodes.md says that many processes cost, as functions, to stand beside what is measured. */

/** Longest that a copy is used, and how long a read counts after a heartbeat: both at their default. */
const LEASE_S = 5
const FENCE_S = 5
/** Heartbeats in the time of a fence, and how much sooner each is sent on average, so that nodes do not beat in step. */
const BEATS = 5
const JITTER = 7 / 8
/** The ports look after each connection five times a second. */
const LOOKS_PER_S = 5
/** A process that serves reads the deployment's record again at half of its 5 s. */
const DEPLOYMENT_S = 2.5

export interface Spread {
  readonly nodes: number
  /** The share of a session's checks that go to its own node; the others go to any, that one too. */
  readonly affinity: number
  /** Checks of one session a second. */
  readonly rate: number
}

export function heartbeatsPerSecond(nodes: number, primaries: number): number {
  return (nodes * primaries * BEATS) / (FENCE_S * JITTER)
}

/** `connections`: that a node has to a primary. */
export function pingsPerSecond(nodes: number, connections: number): number {
  return nodes * connections * LOOKS_PER_S
}

export function deploymentReadsPerSecond(nodes: number): number {
  return nodes / DEPLOYMENT_S
}

/**
 * The share of checks that a copy answers. A copy lives for a lease from the miss that brought it, so at a node that is
 * asked λ times a second there is one miss to λ·lease hits.
 */
export function hitRatio({ nodes, affinity, rate }: Spread): number {
  const elsewhere = (1 - affinity) / nodes
  const own = affinity + elsewhere
  return own * hitsAt(own * rate) + (nodes - 1) * elsewhere * hitsAt(elsewhere * rate)
}

function hitsAt(perSecond: number): number {
  return (perSecond * LEASE_S) / (1 + perSecond * LEASE_S)
}

/** Messages for one change. `readers`: nodes that have read it since the last one. */
export function messagesPerChange(
  invalidation: 'push' | 'feed',
  { nodes, readers }: { readonly nodes: number; readonly readers: number },
): number {
  return invalidation === 'push' ? readers : nodes
}
