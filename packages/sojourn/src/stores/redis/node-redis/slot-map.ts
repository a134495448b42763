/** `CLUSTER SLOTS`, read: which primary serves which slots. */
import type { Reply } from '../port.ts'
import type { Address } from '../address.ts'

export interface SlotRange {
  readonly from: number
  /** Included. */
  readonly to: number
  readonly primary: ClusterMember
}

export interface ClusterMember extends Required<Address> {
  /** What the cluster calls it, whatever its address. */
  readonly id: string
}

/** `host`: of the server that answered, which some servers leave out. Throws for what is no such reply, or serves nothing. */
export function readSlotMap(reply: Reply, host: string): readonly SlotRange[] {
  if (!Array.isArray(reply) || reply.length === 0) throw new Error('The server knows no slots of a cluster.')
  return (reply as readonly (readonly Reply[])[]).map(([from, to, primary]) => ({
    from: Number(from),
    to: Number(to),
    primary: readMember(primary as readonly Reply[], host),
  }))
}

function readMember([host, port, id]: readonly Reply[], answering: string): ClusterMember {
  const isUnknown = host === null || host === undefined || host.toString() === '' || host.toString() === '?'
  return { host: isUnknown ? answering : host.toString(), port: Number(port), id: String(id) }
}
