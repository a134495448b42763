/**
 * Whose turn it is, among many that wait for different instants: a binary heap, in which nobody looks at more than is
 * due. A hundred thousand that wait cost hardly more than ten.
 */
export interface Turns<Item extends { readonly dueAt: number }> {
  /** From now on it waits, until the instant that its `dueAt` says now. **Cost**: O(log n). */
  add(item: Item): void
  /** **Cost**: O(log n). */
  delete(item: Item): void
  /** Those whose time has come. They stay until they are deleted. */
  due(now: number): Item[]
  /** The one that was added first comes first. */
  all(): Item[]
  /** When the next one is due; infinity when none waits. */
  nextAt(): number
}

export function createTurns<Item extends { readonly dueAt: number }>(): Turns<Item> {
  /** No item is due later than the two that stand at twice its place. */
  const heap: Item[] = []
  const places = new Map<Item, number>()

  function put(item: Item, place: number): void {
    heap[place] = item
    places.set(item, place)
  }

  function dueAt(place: number): number {
    return heap[place]?.dueAt ?? Number.POSITIVE_INFINITY
  }

  /** Puts the item where it belongs, from a place at which one may stand. */
  function settle(item: Item, from: number): void {
    let place = from
    for (let above = (place - 1) >> 1; place > 0 && dueAt(above) > item.dueAt; above = (place - 1) >> 1) {
      put(heap[above] as Item, place)
      place = above
    }
    for (let below = earlierBelow(place); dueAt(below) < item.dueAt; below = earlierBelow(place)) {
      put(heap[below] as Item, place)
      place = below
    }
    put(item, place)
  }

  function earlierBelow(place: number): number {
    const left = 2 * place + 1
    return dueAt(left + 1) < dueAt(left) ? left + 1 : left
  }

  return {
    add(item) {
      settle(item, heap.length)
    },
    delete(item) {
      const place = places.get(item)
      if (place === undefined) return
      places.delete(item)
      const last = heap.pop()
      if (last !== undefined && last !== item) settle(last, place)
    },
    due(now) {
      const found: Item[] = []
      const look = [0]
      for (let place = look.pop(); place !== undefined; place = look.pop()) {
        const item = heap[place]
        if (item === undefined || item.dueAt > now) continue
        found.push(item)
        look.push(2 * place + 2, 2 * place + 1)
      }
      return found
    },
    all: () => [...places.keys()],
    nextAt: () => dueAt(0),
  }
}
