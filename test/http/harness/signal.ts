/** A place in a handler where it waits until a test says go. */
export interface Signal {
  /** For the handler: says that it is here, and waits. */
  reached(): Promise<void>
  /** For the test: resolves when the handler is there. */
  readonly arrived: Promise<void>
  go(): void
}

export function signal(): Signal {
  const there = Promise.withResolvers<void>()
  const onward = Promise.withResolvers<void>()
  return {
    arrived: there.promise,
    go: () => onward.resolve(),
    reached() {
      there.resolve()
      return onward.promise
    },
  }
}
