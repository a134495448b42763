/** Checks and changes in the background, at a rate that does not depend on how quickly they are answered. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Sessions } from 'sojourn'
import { now } from '../history.ts'
import { type Calls, COOKIE } from './calls.ts'
import type { Data, Held, Load, LoadFigures } from './options.ts'

const TICK_MS = 5
const MOST_CATCHING_UP_MS = 1_000
const MOST_SAMPLES = 50_000

interface Tally {
  sent: number
  readonly results: Record<string, number>
  readonly tookMs: number[]
  readonly othersTookMs: number[]
}

/** Runs until it is told to stop; the answer resolves when everything that was sent is answered. */
export function startLoad(
  load: Load,
  { sessions, calls }: { readonly sessions: Sessions<Data>; readonly calls: Calls },
): { readonly stop: () => Promise<LoadFigures> } {
  const stopping = new AbortController()
  const tally: Tally = { sent: 0, results: {}, tookMs: [], othersTookMs: [] }
  const underWay = new Set<Promise<void>>()
  const ask = load.recorded === false ? unrecorded(sessions, load) : recorded(calls, load)
  const sending = send()
  return {
    async stop() {
      stopping.abort()
      await sending
      await Promise.all(underWay)
      return tally
    },
  }

  async function send(): Promise<void> {
    const perMs = load.perSecond / 1_000
    let due = 0
    let before = now()
    while (!stopping.signal.aborted) {
      // Who was stopped for a while has not been asked meanwhile.
      const passed = Math.min(now() - before, MOST_CATCHING_UP_MS)
      before = now()
      for (due += passed * perMs; due >= 1; due--) begin(tally.sent++)
      await delay(TICK_MS)
    }
  }

  function begin(index: number): void {
    const held = chosen(load, index)
    const sentAt = now()
    const answer = ask(held, index)
    if (typeof answer === 'string') return count(held, answer, sentAt)
    const waiting = settle(answer)
    underWay.add(waiting)

    async function settle(result: Promise<string>): Promise<void> {
      count(held, await result, sentAt)
      underWay.delete(waiting)
    }
  }

  function count(held: Held, result: string, sentAt: number): void {
    tally.results[result] = (tally.results[result] ?? 0) + 1
    const tookMs = now() - sentAt
    sample(tally.tookMs, tookMs, tally.sent)
    if (load.hot !== undefined && held !== load.sessions[0]) sample(tally.othersTookMs, tookMs, tally.sent)
  }
}

type Ask = (held: Held, index: number) => string | Promise<string>

function unrecorded(sessions: Sessions<Data>, { mode = 'bounded' }: Load): Ask {
  return ({ token }) => {
    const verdict = sessions.verify(token, COOKIE, { mode })
    return verdict instanceof Promise ? verdict.then(({ kind }) => kind) : verdict.kind
  }
}

function recorded(calls: Calls, { mode = 'bounded', as = 'verify', changes = 0 }: Load): Ask {
  return async ({ token }, index) => {
    const call = isPart(index, changes) ? ({ op: 'change', token } as const) : { op: as, token, mode }
    return (await calls(call)).operation.result
  }
}

/** The hot one takes its part of every hundred; the others take turns. */
function chosen({ sessions, hot }: Load, index: number): Held {
  const isHot = hot !== undefined && isPart(index, hot)
  const others = hot === undefined ? sessions : sessions.slice(1)
  const held = isHot ? sessions[0] : others[index % others.length]
  if (held === undefined) throw new Error('A load needs sessions: at least one, and two where one is hot.')
  return held
}

function isPart(index: number, part: number): boolean {
  return Math.floor((index + 1) * part) > Math.floor(index * part)
}

/** Kept evenly over however long the load is. */
function sample(samples: number[], value: number, sent: number): void {
  if (samples.length < MOST_SAMPLES) samples.push(value)
  else samples[sent % MOST_SAMPLES] = value
}
