/** Gates inside an application process: whoever passes waits until the harness opens the gate. */
export interface Gates {
  pass(gate: string): Promise<void>
  /** Resolves when `count` have come to the gate, or went through it. */
  arrived(gate: string, count: number): Promise<void>
  open(gate: string): void
}

interface State {
  arrivals: number
  readonly opened: PromiseWithResolvers<void>
  readonly watchers: { readonly count: number; readonly tell: () => void }[]
}

export function createGates(): Gates {
  const states = new Map<string, State>()

  function stateOf(gate: string): State {
    const known = states.get(gate)
    if (known !== undefined) return known
    const fresh: State = { arrivals: 0, opened: Promise.withResolvers(), watchers: [] }
    states.set(gate, fresh)
    return fresh
  }

  function tell(state: State): void {
    for (const watcher of state.watchers) if (state.arrivals >= watcher.count) watcher.tell()
  }

  return {
    pass(gate) {
      const state = stateOf(gate)
      state.arrivals += 1
      tell(state)
      return state.opened.promise
    },
    arrived(gate, count) {
      const state = stateOf(gate)
      return new Promise((resolve) => {
        state.watchers.push({ count, tell: resolve })
        tell(state)
      })
    },
    open: (gate) => stateOf(gate).opened.resolve(),
  }
}
