/**
 * A fake clock beside a real network. Time that a test moves would run ahead of answers that are on their way, and every
 * deadline would pass; so the clock stands still until the network is quiet, before and after every timer.
 */
import { turn } from '../../environment/turn.ts'
import type { FakeEnvironment } from '../../testing/fake-environment.ts'
import type { RedisPort } from './port.ts'

export interface CountedPort {
  readonly port: RedisPort
  /** Resolves when no call is on its way, and none follows from the last answer. */
  readonly quiet: () => Promise<void>
}

export function counted(port: RedisPort): CountedPort {
  let underWay = 0
  const count = async <T>(call: Promise<T>): Promise<T> => {
    underWay++
    try {
      return await call
    } finally {
      underWay--
    }
  }
  return {
    port: {
      traits: port.traits,
      command: (args, options) => count(port.command(args, options)),
      writeAndWait: (args, options) => count(port.writeAndWait(args, options)),
      ...(port.isNamedPrimary && { isNamedPrimary: (key) => count(port.isNamedPrimary?.(key) ?? never()) }),
      ...(port.watchRouting && { watchRouting: (onChanged) => port.watchRouting?.(onChanged) ?? never() }),
      close: () => port.close(),
    },
    async quiet() {
      for (let still = 0; still < 2; still = underWay === 0 ? still + 1 : 0) await turn()
    },
  }
}

function never(): never {
  throw new Error('A port does not lose its methods.')
}

export function pace(environment: FakeEnvironment, quiet: () => Promise<void>): void {
  const after = environment.after.bind(environment)
  const advance = environment.advance.bind(environment)
  const due = new Map<object, number>()
  environment.after = (ms, run, options) => {
    const entry = {}
    due.set(entry, environment.monotonic() + Math.max(1, ms))
    const done = (): void => void due.delete(entry)
    const timer = after(
      ms,
      () => {
        done()
        run()
      },
      options,
    )
    return {
      cancel() {
        done()
        timer.cancel()
      },
    }
  }
  environment.advance = async (ms) => {
    const end = environment.monotonic() + ms
    await quiet()
    while (Math.min(...due.values()) <= end) {
      await advance(Math.max(0, Math.min(...due.values()) - environment.monotonic()))
      await quiet()
    }
    await advance(Math.max(0, end - environment.monotonic()))
    await quiet()
  }
}
