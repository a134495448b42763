/** Rules about the end of a port. */
import assert from 'node:assert/strict'
import type { RedisPort } from '../../stores/redis/port.ts'
import { eventually, get, increment, isAnswered, rejectionOf, settled, urlOf } from './acts.ts'
import type { PortRule, PortServer } from './rule.ts'

export const endRules: readonly PortRule[] = [
  {
    id: 'PORT-42',
    rule: 'After `close`, also a second one, calls are rejected and no connection is left.',
    prove: async ({ open, key, group }) => {
      const port = await open()
      await useAll(port, key(), group.replicas)
      await settled('closing', Promise.all([port.close(), port.close()]))
      await port.close()
      await rejectAll(port, key())
      const servers = [...group.nodes, ...group.sentinels]
      await eventually('no connection is left', async () => {
        const counts = await Promise.all(servers.map(connectionsTo))
        return counts.every((count) => count === 0)
      })
    },
  },
  {
    id: 'PORT-43',
    rule: 'A port that never had a connection can be closed, and does not try any more.',
    topologies: ['single'],
    prove: async ({ servers, open, group, key }) => {
      const { port: target } = await group.primaryOf(key())
      const [link, control] = [await servers.startLink(target), await servers.startLink(target)]
      link.refuse()
      control.refuse()
      const port = await open({ url: urlOf(link) })
      await open({ url: urlOf(control) })
      await eventually('it tries', () => link.attempts() >= 2)
      await port.close()
      await rejectAll(port, key())
      const before = { attempts: link.attempts(), ofControl: control.attempts() }
      // Three of its pauses are longer than any one of the port's.
      await eventually('one that was not closed goes on', () => control.attempts() >= before.ofControl + 4)
      assert.equal(link.attempts(), before.attempts)
    },
  },
  {
    id: 'PORT-44',
    rule: '`close` does not wait for a server that is silent; what was under way is rejected.',
    because: 'a process that cannot end while its Redis hangs is killed, with all that it had to do',
    topologies: ['single'],
    prove: async ({ servers, open, key, afterwards }) => {
      const server = await servers.startRedis({})
      const port = await open({ url: server.url })
      const name = key()
      await isAnswered(port, name)
      server.pause()
      afterwards(() => server.resume())
      const options = { key: name, replicas: 0, timeoutMs: 0 }
      const calls = [increment(port, name), port.writeAndWait(['INCR', name], options)]
      const rejections = calls.map((call) => rejectionOf('a call under way', call))
      assert.ok(!((await settled('closing', port.close())) instanceof Error))
      await Promise.all(rejections)
    },
  },
  {
    id: 'PORT-45',
    rule: 'A client that was handed in is used, and stays open when the port is closed.',
    needs: 'handIn',
    prove: async ({ handIn, key, group, afterwards }) => {
      const { port, ask, close } = await handIn(group.target)
      afterwards(close)
      await useAll(port, key(), group.replicas)
      await port.close()
      await rejectAll(port, key())
      await ask()
    },
  },
]

/** Every method once, so that every connection there is was opened. */
async function useAll(port: RedisPort, key: string, replicas: number): Promise<void> {
  await isAnswered(port, key)
  await eventually('a write is confirmed', async () => {
    const answer = await port.writeAndWait(['INCR', key], { key, replicas, timeoutMs: 1_000 })
    return answer.replicas === replicas
  })
  port.subscribe?.({ channels: [`${key}:changes`], onChanged: () => {}, onLost: () => {} })
  await settled('the question', Promise.resolve(port.isNamedPrimary?.(key)))
}

async function rejectAll(port: RedisPort, key: string): Promise<void> {
  await rejectionOf('a read after the end', get(port, key))
  const write = port.writeAndWait(['INCR', key], { key, replicas: 0, timeoutMs: 1 })
  await rejectionOf('a write after the end', write)
}

/** Of ports: servers among themselves are `operator`, Sentinels have names. */
async function connectionsTo(server: PortServer): Promise<number> {
  const clients = await server.cli('CLIENT', 'LIST')
  const isOfPort = (line: string): boolean =>
    line.includes(' user=default ') && !line.includes(' name=sentinel-')
  return clients.split('\n').filter(isOfPort).length
}
