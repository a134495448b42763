/**
 * Tells that reads may go out to another server than before, before one does: a connection was lost, a call was
 * redirected, a look at the cluster found a slot with another primary. A look that found nothing new is not told:
 * whoever is told forgets what it knew.
 */
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

  const stopNodes = links.onNode((node) => node.on('close', changed))
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
      for (const node of links.nodes()) node.off('close', changed)
    },
  }
}
