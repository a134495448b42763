/** Counts what a peer asks of its store, whose methods take callbacks. Changes the store in place. */
export function countedCalls(store: object, counting: boolean): () => number {
  let calls = 0
  for (const name of counting ? ['get', 'set', 'destroy', 'touch'] : []) {
    const method: unknown = Reflect.get(store, name)
    if (typeof method !== 'function') continue
    Reflect.set(store, name, (...input: readonly unknown[]) => {
      calls += 1
      Reflect.apply(method, store, input)
    })
  }
  return () => calls
}
