/**
 * Tells that reads may go out to another server than before, before one does: a connection was lost, a call was told
 * that its slot has moved, a look at the cluster found a slot with another primary. A look that found nothing new is not
 * told, nor one more attempt to reach a node that is dead, nor a call that goes elsewhere once because its slot is on the
 * way: whoever is told forgets what it knew, of all nodes.
 */
import type { Redis } from 'ioredis'
import type { Links } from './links.ts'

export interface Routing {
  /** The answer ends it. */
  readonly watch: (onChanged: () => void) => () => void
  readonly changed: () => void
  readonly close: () => void
}

export function createRouting(links: Links): Routing {
  const listeners = new Set<{ readonly onChanged: () => void }>()
  let owners = links.owners()

  function changed(): void {
    for (const { onChanged } of listeners) onChanged()
  }

  const stopNodes = links.onNode((node) => onLost(node, changed))
  const stopMoves = links.onMoved(() => {
    const before = owners
    owners = links.owners()
    if (owners.some((owner, slot) => owner !== before[slot])) changed()
  })

  return {
    changed,
    watch(onChanged) {
      const listener = { onChanged }
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close() {
      stopNodes()
      stopMoves()
    },
  }
}

/** Until it is ready nothing is sent on a connection, so one that never was leads nobody elsewhere. */
function onLost(node: Redis, lost: () => void): () => void {
  let wasReady = node.status === 'ready'
  const opened = (): void => void (wasReady = true)
  const closed = (): void => {
    if (wasReady) lost()
    wasReady = false
  }
  node.on('ready', opened).on('close', closed)
  return () => void node.off('ready', opened).off('close', closed)
}
