/** The methods and properties that stand in for a response's own while it is held. */
import type { ServerResponse } from 'node:http'
import { type Writer, WRITERS } from './replay.ts'

type HeaderWriter = 'setHeader' | 'appendHeader' | 'removeHeader'
const HEADER_WRITERS: readonly HeaderWriter[] = ['setHeader', 'appendHeader', 'removeHeader']
export const METHODS: readonly Method[] = [...WRITERS, ...HEADER_WRITERS]
export type Method = Writer | HeaderWriter
export type AnyMethod = (...args: unknown[]) => unknown

/** What the stand-ins speak to. */
interface Hold {
  readonly saysAll: boolean
  /** What is said is kept, or heard by nobody. */
  readonly keepsBack: boolean
  say(writer: Writer, args: readonly unknown[]): unknown
  changeHeader(method: Method, args: readonly unknown[]): unknown
}

const FIRST_HOLD: unique symbol = Symbol('sojourn first hold')
const LAST_HOLD: unique symbol = Symbol('sojourn last hold')

export type Holdable = ServerResponse & { [FIRST_HOLD]?: Hold; [LAST_HOLD]?: Hold }

/** What stands in for a response's own while it is held. */
export interface Holders {
  readonly methods: Readonly<Record<Method, AnyMethod>>
  readonly properties: PropertyDescriptorMap
}

/** Of every response that is held once: V8 keeps an object with functions of its own alive through many collections. */
const SHARED = holdersOf((response) => response[FIRST_HOLD])

export function holdersFor(response: Holdable, hold: Hold): Holders {
  response[LAST_HOLD] = hold
  if (response[FIRST_HOLD] !== undefined) return holdersOf(() => hold)
  response[FIRST_HOLD] = hold
  return SHARED
}

/**
 * Puts a stand-in for `end` on a response that may be held later. JavaScript looks a method up before its arguments:
 * in `response.end(await session.signIn(…))` it is the one from before the session changed.
 */
export function standInForEnd(response: ServerResponse): void {
  if (!Object.hasOwn(response, 'end')) methodsOf(response).end = endNowOrHeld
}

/** Its arguments one by one: gathering them costs more than all the rest. */
function endNowOrHeld(this: Holdable, chunk?: unknown, encoding?: unknown, done?: unknown): unknown {
  const hold = this[LAST_HOLD]
  if (hold === undefined || !hold.keepsBack)
    return methodsOf(Object.getPrototypeOf(this) as ServerResponse).end.call(this, chunk, encoding, done)
  const args = [chunk, encoding, done]
  while (args.length > 0 && args.at(-1) === undefined) args.pop()
  return hold.say('end', args)
}

function holdersOf(holdOf: (response: Holdable) => Hold | undefined): Holders {
  const writers = WRITERS.map((writer): [Method, AnyMethod] => [
    writer,
    function (this: Holdable, ...args) {
      return holdOf(this)?.say(writer, args)
    },
  ])
  const headerWriters = HEADER_WRITERS.map((method): [Method, AnyMethod] => [
    method,
    function (this: Holdable, ...args) {
      return holdOf(this)?.changeHeader(method, args)
    },
  ])
  return {
    methods: Object.fromEntries([...writers, ...headerWriters]) as Record<Method, AnyMethod>,
    properties: {
      headersSent: { configurable: true, get: () => true },
      writableEnded: {
        configurable: true,
        get(this: Holdable) {
          return holdOf(this)?.saysAll
        },
      },
    },
  }
}

const SPEAKING: unique symbol = Symbol('sojourn speaking')

type Speaking = ServerResponse & { [SPEAKING]?: boolean }

/** Runs what says something to the client in earnest: no stand-in on this response keeps it back. */
export function speak<T>(response: Speaking, act: () => T): T {
  const before = response[SPEAKING] ?? false
  response[SPEAKING] = true
  try {
    return act()
  } finally {
    response[SPEAKING] = before
  }
}

export function isSpeaking(response: Speaking): boolean {
  return response[SPEAKING] === true
}

/**
 * The response for whoever answers in the handler's place: what is called on it is `spoken`, while the stand-ins keep
 * the handler from being heard. Its properties are the real ones.
 */
export function voiceOf(
  response: ServerResponse,
  spoken: (method: Method, args: readonly unknown[]) => unknown,
): ServerResponse {
  const voice: ServerResponse = new Proxy(response, {
    get(target, name) {
      if (!(METHODS as readonly unknown[]).includes(name))
        return Reflect.get(name in SHARED.properties ? Object.getPrototypeOf(target) : target, name, target)
      return (...args: unknown[]) => {
        const result = spoken(name as Method, args)
        return result === target ? voice : result
      }
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  })
  return voice
}

export function methodsOf(response: ServerResponse): Record<Method, AnyMethod> {
  return response as unknown as Record<Method, AnyMethod>
}
