/** Rules about TLS and about users. */
import assert from 'node:assert/strict'
import type { RedisPort } from '../../stores/redis/port.ts'
import { eventually, get, isAnswered, rejectionOf, set, textOf } from './acts.ts'
import type { PortRule, PortServer, PortServers, PortWorld } from './rule.ts'

const SECRET = 'not-to-be-told'

export const secretRules: readonly PortRule[] = [
  {
    id: 'PORT-37',
    rule: 'It speaks TLS with a server whose certificate it was told to trust.',
    topologies: ['single'],
    prove: async ({ servers, open, key }) => {
      const { url, tls } = await servers.startRedis({ tls: true })
      assert.ok(tls)
      const port = await open({ url, tls: { ca: tls.cert } })
      const name = key()
      await isAnswered(port, name)
      await set(port, name, 'value')
      assert.equal(textOf(await get(port, name)), 'value')
      const { reply } = await port.writeAndWait(['APPEND', name, '!'], {
        key: name,
        replicas: 0,
        timeoutMs: 1,
      })
      assert.equal(reply, 6)
    },
  },
  {
    id: 'PORT-38',
    rule: 'It sends nothing to a server whose certificate nobody told it to trust.',
    topologies: ['single'],
    prove: async ({ servers, open, key }) => {
      const server = await servers.startRedis({ tls: true })
      const port = await open({ url: server.url })
      for (let times = 0; times < 5; times++) await rejectionOf('a call', set(port, key(), 'value'))
      assert.equal(await server.cli('DBSIZE'), '0')
    },
  },
  {
    id: 'PORT-39',
    rule: 'It signs in as the user that it was given, on all its connections.',
    topologies: ['single'],
    prove: async (world) => {
      const port = await openAsUser(world)
      const name = `mine:${world.key()}`
      await isAnswered(port, name)
      await set(port, name, 'value')
      assert.equal(textOf(await get(port, name)), 'value')
      const { reply } = await port.writeAndWait(['APPEND', name, '!'], {
        key: name,
        replicas: 0,
        timeoutMs: 1,
      })
      assert.equal(reply, 6)
    },
  },
  {
    id: 'PORT-40',
    rule: 'What the user may not do is rejected with NOPERM and the text of the server.',
    topologies: ['single'],
    prove: async (world) => {
      const port = await openAsUser(world)
      const name = world.key()
      await isAnswered(port, `mine:${name}`)
      assert.match((await rejectionOf('a read', get(port, name))).message, /^NOPERM /)
      const options = { key: name, replicas: 0, timeoutMs: 1 }
      const write = port.writeAndWait(['SET', name, 'value'], options)
      assert.match((await rejectionOf('a write', write)).message, /^NOPERM /)
    },
  },
  {
    id: 'PORT-41',
    rule: 'Without a password, or with a wrong one, calls are rejected, it says why, and tells no password.',
    topologies: ['single'],
    prove: async ({ servers, open, key }) => {
      const { url } = await startWithUsers(servers)
      const wrong = await open({ url, username: 'app', password: `${SECRET}-wrong` })
      const reasons = [
        await reasonOf(await open({ url }), key(), /NOAUTH/),
        await reasonOf(wrong, key(), /WRONGPASS/),
      ]
      assert.doesNotMatch(reasons.join(' '), new RegExp(SECRET))
    },
  },
]

async function openAsUser({ servers, open }: PortWorld): Promise<RedisPort> {
  const { url } = await startWithUsers(servers)
  return open({ url, username: 'app', password: SECRET })
}

function startWithUsers({ startRedis }: PortServers): Promise<PortServer> {
  return startRedis({
    users: ['default on >of-somebody-else ~* &* +@all', `app on >${SECRET} ~mine:* &* +@all`],
  })
}

/** The first calls may fail because there is no connection yet. With the causes: it may stand there. */
async function reasonOf(port: RedisPort, key: string, expected: RegExp): Promise<string> {
  let reason = ''
  await eventually('it says why', async () => {
    reason = inspected(await rejectionOf('a call', get(port, key)))
    return expected.test(reason)
  })
  return reason
}

function inspected(error: Error): string {
  const { message, cause } = error
  return cause instanceof Error ? `${message} ${inspected(cause)}` : message
}
