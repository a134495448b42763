/** The main module of an application process: a session manager over the store that its argument names. */
import { setTimeout as delay } from 'node:timers/promises'
import { createSessions, type SessionStore, SystemError } from 'sojourn'
import { watchFindings } from 'sojourn/doctor'
import { memcachedStore } from 'sojourn/stores/memcached'
import { redisStore, type RedisPort } from 'sojourn/stores/redis'
import { ioRedis } from 'sojourn/stores/redis/ioredis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { now } from '../history.ts'
import { createCalls } from './calls.ts'
import { startLoad } from './load.ts'
import type {
  Answers,
  ApplicationOptions,
  Called,
  Commands,
  Data,
  Found,
  LoadFigures,
  Question,
  Said,
} from './options.ts'
import { createRecorder } from './recorder.ts'
import { connectFrom } from './source-address.ts'

type Handlers = {
  readonly [Command in keyof Commands]: (input: Commands[Command]) => Promise<Answers[Command]>
}

const SECRET = 'f4uLtL4b-9Qw2mXr7LtV5bYzKdRf3HgPe1UaN8oIs'
const TRY_AGAIN_MS = 50

const options = JSON.parse(process.argv[2] ?? '{}') as ApplicationOptions
if (options.localAddress !== undefined) connectFrom(options.localAddress)
const settings = { deployment: 'faults', secrets: SECRET, ...options.sessions, store: storeFor(options) }
const sessions = createSessions<Data>(settings)
const findings: Found[] = []
if (options.doctor === true)
  watchFindings(settings, {
    onChange: ({ appeared }) => findings.push(...appeared.map(({ code }) => ({ code, at: now() }))),
  })
const recorder = createRecorder(options.name, (history) => say({ history }))
const calls = createCalls(sessions, recorder)
let load: ReturnType<typeof startLoad> | undefined

const handlers: Handlers = {
  async call({ calls: asked, atOnce }) {
    const answers: Called[] = []
    for (let from = 0; from < asked.length; from += atOnce)
      answers.push(...(await Promise.all(asked.slice(from, from + atOnce).map(calls))))
    return answers
  },
  async load(input) {
    load = startLoad(input, { sessions, calls })
  },
  async quiet() {
    const figures = (await load?.stop()) ?? NOTHING
    load = undefined
    return figures
  },
  async figures() {
    return Object.fromEntries(sessions.measures().flatMap(figure))
  },
  async findings() {
    return findings
  },
  async flush() {
    recorder.flush()
  },
}
const NOTHING: LoadFigures = { sent: 0, results: {}, tookMs: [], othersTookMs: [] }

process.on('message', (question: Question) => void answer(question))
process.on('disconnect', () => process.exit(0))
await ready()
say({ ready: true })

function storeFor({
  memcached,
  redis,
  driver,
  store,
  near,
  idlePorts = 0,
}: ApplicationOptions): SessionStore {
  if (memcached !== undefined) return memcachedStore({ servers: memcached })
  if (redis === undefined) throw new Error('An application needs `redis` or `memcached`.')
  const connect = (): RedisPort => (driver === 'ioredis' ? ioRedis(redis) : nodeRedis(redis))
  for (let index = 0; index < idlePorts; index++) connect()
  const hot = redisStore({ redis: connect(), ...store })
  return near === undefined ? hot : tieredStore({ near, hot })
}

/** A supervisor would start it again. */
async function ready(): Promise<void> {
  for (;;) {
    try {
      return await sessions.ready()
    } catch (error) {
      if (!(error instanceof SystemError && error.retryable)) throw error
      await delay(TRY_AGAIN_MS)
    }
  }
}

async function answer({ id, command, input }: Question): Promise<void> {
  try {
    const handler = handlers[command] as (asked: typeof input) => Promise<Answers[keyof Answers]>
    const value = await handler(input)
    say(value === undefined ? { id } : { id, answer: value })
  } catch (error) {
    say({ id, error: String(error) })
  }
}

function say(said: Said): void {
  if (process.connected) process.send?.(said)
}

function figure(measure: ReturnType<typeof sessions.measures>[number]): readonly [string, number][] {
  if (measure.kind === 'histogram') return []
  const labels = Object.values(measure.attributes).filter((value) => value !== 'default')
  return [[[measure.name, ...labels].join(' '), measure.value]]
}
