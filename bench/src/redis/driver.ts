/** What a driver costs: a bare server that reads one of our rosters for each request and does nothing with it. */
import { randomBytes } from 'node:crypto'
import { SESSIONS, USED, userNames } from '../content.ts'
import { bodyFor, getRequest, type Target, type TargetOptions } from '../target.ts'
import { connectResp } from './resp.ts'

/** One command; the reply is not looked at. */
type Send = (args: readonly (string | Buffer)[]) => Promise<unknown>

/** As long as ours. */
const HEADER_BYTES = 52
const RECORD_BYTES = 296
const NUMBER = 'EhMUFRYX'

export async function start({ store, redis }: TargetOptions): Promise<Target> {
  const send = await connected(store, redis)
  const keyOf = (user: string): string => `driver:{1bz}:${user}`
  const users = userNames(SESSIONS)
  for (const user of users)
    await send(['HSET', keyOf(user), 'h', randomBytes(HEADER_BYTES), NUMBER, randomBytes(RECORD_BYTES)])
  return {
    requests: users.filter((_, index) => index % USED === 0).map((user) => getRequest(`/${user}`)),
    async listener(request, response) {
      const user = (request.url ?? '/').slice(1)
      await send(['HMGET', keyOf(user), 'h', NUMBER])
      response.setHeader('content-type', 'application/json')
      response.end(bodyFor(user))
    },
  }
}

async function connected(driver: string, url: string): Promise<Send> {
  if (driver === 'resp') return connectResp(url)
  return driver === 'ioredis' ? ioRedis(url) : nodeRedis(url)
}

async function nodeRedis(url: string): Promise<Send> {
  const { createClient, RESP_TYPES } = await import('@redis/client')
  const client = createClient({ url, RESP: 3 })
  client.on('error', (error: unknown) => process.stderr.write(`${String(error)}\n`))
  await client.connect()
  const options = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } }
  return (args) => client.sendCommand(args, options)
}

async function ioRedis(url: string): Promise<Send> {
  const { Command, Redis } = await import('ioredis')
  const client = new Redis(url)
  client.on('error', (error: unknown) => process.stderr.write(`${String(error)}\n`))
  return ([name, ...args]) => client.sendCommand(new Command(String(name), [...args])) as Promise<unknown>
}
