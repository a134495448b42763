/** A gate that holds calls, so that a test decides in which order they go on. */
import type { Gate } from './fault-script.ts'

export interface HoldingGate extends Gate {
  /** Resolves when the gate lets this call go on. */
  pass(): Promise<void>
}

export function holdingGate(): HoldingGate {
  const held: Array<() => void> = []
  const watchers: Array<{ readonly count: number; readonly tell: () => void }> = []
  let arrivals = 0
  let open = false

  return {
    get waiting() {
      return held.length
    },
    arrived: (count = 1) =>
      new Promise((tell) => {
        watchers.push({ count, tell })
        tellWatchers()
      }),
    pass: () =>
      new Promise((goOn) => {
        if (open) goOn()
        else held.push(goOn)
        arrivals += 1
        tellWatchers()
      }),
    release: () => {
      open = true
      for (const goOn of held.splice(0)) goOn()
    },
    releaseOne: () => held.shift()?.(),
  }

  function tellWatchers(): void {
    for (const { count, tell } of watchers) if (arrivals >= count) tell()
  }
}
