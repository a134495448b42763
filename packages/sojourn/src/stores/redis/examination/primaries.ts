/** Every server that reads go to, by a key that leads there. */
import type { Finding } from '../../../core/findings.ts'
import { finding } from '../../../core/findings.ts'
import { DOCUMENTS_TAG, type Layout } from '../layout.ts'
import type { Reply } from '../port.ts'
import { SLOTS, slotOf } from '../slots.ts'
import type { Asking } from './asking.ts'

interface PrimaryPlace {
  /** A key of its own, which only routes. */
  readonly key: string
  /** `host:port`, in a cluster. */
  readonly where?: string | undefined
}

export interface Primaries {
  readonly places: readonly PrimaryPlace[]
  readonly findings: readonly Finding[]
}

interface Range {
  readonly from: number
  readonly to: number
  /** What the cluster calls its primary, whatever its address. */
  readonly id: string
  readonly where: string
}

/** One that every key leads to, or those that a cluster names. */
export async function primariesOf(asking: Asking, layout: Layout, isCluster: boolean): Promise<Primaries> {
  if (!isCluster) return { places: [{ key: keyOf(layout, DOCUMENTS_TAG) }], findings: [] }
  const [slots, state] = await Promise.all([
    asking.ask(['CLUSTER', 'SLOTS']),
    asking.ask(['CLUSTER', 'INFO']),
  ])
  const ranges = rangesIn(slots)
  if (ranges.length === 0) return { places: [{ key: keyOf(layout, DOCUMENTS_TAG) }], findings: [] }
  return { places: placesOf(ranges, layout), findings: slotsDown(ranges, state) }
}

/** The driver finds the way to a primary by a tag in one of its ranges. One that has none of our tags has none of our keys. */
function placesOf(ranges: readonly Range[], layout: Layout): readonly PrimaryPlace[] {
  const places = new Map<string, PrimaryPlace>()
  layout.tags.forEach((name, tag) => {
    const slot = slotOf(name)
    const range = ranges.find(({ from, to }) => from <= slot && slot <= to)
    if (range === undefined || places.has(range.id)) return
    places.set(range.id, { key: keyOf(layout, tag), where: range.where })
  })
  return [...places.values()]
}

function slotsDown(ranges: readonly Range[], state: Reply | undefined): readonly Finding[] {
  const served = ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0)
  const failing = Number(/cluster_slots_p?fail:([1-9]\d*)/.exec(String(state))?.[1] ?? 0)
  const isWell = served === SLOTS && failing === 0 && !/cluster_state:fail/.test(String(state))
  if (isWell) return []
  return [
    finding('redis-slots-down', {
      seen: `Of ${SLOTS} slots ${served} are assigned, and the servers of ${failing} do not answer.`,
      fix: 'Look at CLUSTER NODES: bring the failed primaries back, or promote a replica of each with CLUSTER FAILOVER TAKEOVER.',
    }),
  ]
}

/** A row is: from, to, the primary (address, port, id), replicas. */
function rangesIn(reply: Reply | undefined): readonly Range[] {
  if (!Array.isArray(reply)) return []
  return (reply as readonly Reply[]).flatMap((row) => {
    const [from, to, primary] = Array.isArray(row) ? (row as readonly Reply[]) : []
    if (!Array.isArray(primary)) return []
    return [{ from: Number(from), to: Number(to), ...placeOf(primary as readonly Reply[]) }]
  })
}

/** Some clusters do not tell their addresses. */
function placeOf([host, port, name]: readonly Reply[]): Pick<Range, 'id' | 'where'> {
  const id = String(name)
  const isKnown = host !== null && host !== undefined && host.toString() !== '' && host.toString() !== '?'
  return { id, where: isKnown ? `${host.toString()}:${String(port)}` : id }
}

function keyOf(layout: Layout, tag: number): string {
  return layout.beatKey(tag, 'doctor')
}
