/** Ports that break one promise each, to show that the kit notices. */
import type { Environment } from '../../core/environment.ts'
import { nodeRedis } from '../../stores/redis/node-redis.ts'
import type { RedisPort, Reply } from '../../stores/redis/port.ts'
import type { PortTarget } from './rule.ts'

export type Sabotage = (port: RedisPort, means: Means) => Partial<RedisPort>

interface Means {
  readonly environment: Environment
  /** One more port to the same servers. */
  readonly another: () => RedisPort
}

/** Opens good ports with some of their methods replaced. */
export function sabotaged(sabotage: Sabotage): (target: PortTarget, environment: Environment) => RedisPort {
  return (target, environment) => {
    const another = (): RedisPort => nodeRedis({ ...target, environment })
    const port = another()
    return { ...port, ...sabotage(port, { environment, another }) }
  }
}

export const readsText: Sabotage = (port) => ({
  command: async (args, options) => textOf(await port.command(args, options)),
})

function textOf(reply: Reply): Reply {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return typeof reply === 'object' && reply !== null ? reply.map(textOf) : reply
}

export const answersInAnyOrder: Sabotage = (port, { environment }) => ({
  async command(args, options) {
    const reply = await port.command(args, options)
    await passed(environment.jitter() * 5, environment)
    return reply
  },
})

export const hidesErrors: Sabotage = (port) => ({
  command: (args, options) => port.command(args, options).catch(fail),
  writeAndWait: (args, options) => port.writeAndWait(args, options).catch(fail),
})

function fail(): never {
  throw new Error('That did not work.')
}

/** `WAIT` answers for what its connection knew when it last did something. */
export const waitsElsewhere: Sabotage = (port, { another }) => ({
  async writeAndWait(args, { key, ...wait }) {
    const options = { key, readonly: false }
    const elsewhere = another()
    await elsewhere.command(['PING'], options)
    const reply = await port.command(args, options)
    const replicas = await elsewhere.command(waitOf(wait), options)
    await elsewhere.close()
    return { reply, replicas: Number(replicas) }
  },
})

export const waitsWithAll: Sabotage = (port) => ({
  async writeAndWait(args, { key, ...wait }) {
    const options = { key, readonly: false }
    const calls = [args, waitOf(wait)].map((command) => port.command(command, options))
    const [reply = null, replicas] = await Promise.all(calls)
    return { reply, replicas: Number(replicas) }
  },
})

/** Cut short: for whom it stalls, it stalls long enough to be seen. */
function waitOf({
  replicas,
  timeoutMs,
}: {
  readonly replicas: number
  readonly timeoutMs: number
}): string[] {
  return ['WAIT', String(replicas), String(Math.min(timeoutMs, 2_000))]
}

export const sendsLater: Sabotage = (port, { environment }) => ({
  command: (args, options) => later(() => port.command(args, options), environment),
  writeAndWait: (args, options) => later(() => port.writeAndWait(args, options), environment),
})

function later<T>(attempt: () => Promise<T>, environment: Environment): Promise<T> {
  const first = attempt()
  first.catch(async () => {
    for (let isDone = false; !isDone; ) {
      await passed(1, environment)
      isDone = await attempt().then(
        () => true,
        () => false,
      )
    }
  })
  return first
}

export const tellsTooLate: Sabotage = (port, { environment }) => ({
  subscribe: (interest) =>
    port.subscribe?.({
      ...interest,
      onChanged: (key) => void environment.after(5, () => interest.onChanged(key)),
    }) ?? (() => {}),
})

export const goesOnTelling: Sabotage = (port) => ({
  subscribe(interest) {
    port.subscribe?.(interest)
    return () => {}
  },
})

export const doesNotClose: Sabotage = () => ({ close: async () => {} })

function passed(ms: number, environment: Environment): Promise<void> {
  return new Promise((done) => {
    environment.after(ms, done, { awaited: true })
  })
}
