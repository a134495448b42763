/** What an application that is cut off may not do. */
import type { Operation } from './history.ts'
import type { Finding } from './judged.ts'

/** Checks that these accepted although they were invoked later than F after the cut, and before it was healed. */
export function acceptedBetween(
  history: readonly Operation[],
  cut: { readonly nodes: ReadonlySet<string>; readonly after: number; readonly before: number },
): Finding {
  const asked = history.filter(
    ({ op, node, invokedAt }) =>
      op === 'verify' && cut.nodes.has(node) && invokedAt > cut.after && invokedAt < cut.before,
  )
  const accepted = asked.filter(({ result }) => result === 'valid')
  return {
    what: 'checks accepted by whoever was cut off, later than F after the cut',
    violations: accepted.length,
    of: asked.length,
    worstLatenessMs: Math.max(0, ...accepted.map(({ invokedAt }) => invokedAt - cut.after)),
  }
}
