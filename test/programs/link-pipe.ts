/** One way of one connection through a link: what becomes of each chunk. */
import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

export type Way = 'request' | 'answer'

/** Of all connections of a link. What changes holds for the chunks that arrive then. */
export interface Disturbance {
  cut?: Cut | undefined
  readonly held: Set<Way>
  delayMs: number
  bytesPerSecond: number
  readonly edits: Map<Way, Edit>
}

/** `connection` is the same for all chunks of one connection that pass one way. */
export type Edit = (bytes: Buffer, connection: object) => Buffer

interface Cut {
  readonly way: Way
  readonly text: string
  readonly done: () => void
}

interface Direction {
  readonly way: Way
  readonly from: Socket
  readonly to: Socket
}

interface Late {
  readonly dueAt: number
  readonly bytesPerSecond: number
}

const DRIP_MS = 20

export function pipe({ way, from, to }: Direction, state: Disturbance): void {
  const line = createLine(to)
  from.on('data', (arrived: Buffer) => {
    const bytes = state.edits.get(way)?.(arrived, from) ?? arrived
    if (state.held.has(way)) return
    const { cut } = state
    const at = cut?.way === way ? bytes.indexOf(cut.text) : -1
    if (cut === undefined || at < 0) {
      line.send(bytes, { dueAt: performance.now() + state.delayMs, bytesPerSecond: state.bytesPerSecond })
      return
    }
    state.cut = undefined
    from.removeAllListeners('data').resume()
    to.end(bytes.subarray(0, at + Math.ceil(cut.text.length / 2)))
    cut.done()
  })
}

/** In order: what is not late waits for what is. */
function createLine(to: Socket): { readonly send: (bytes: Buffer, late: Late) => void } {
  let waiting = 0
  let last = Promise.resolve()
  return {
    send(bytes, late) {
      const isLate = late.dueAt > performance.now() || late.bytesPerSecond !== Infinity
      if (waiting === 0 && !isLate) {
        to.write(bytes)
        return
      }
      waiting++
      last = last
        .then(() => deliver(to, bytes, late))
        .finally(() => {
          waiting--
        })
    },
  }
}

async function deliver(to: Socket, bytes: Buffer, { dueAt, bytesPerSecond }: Late): Promise<void> {
  const early = dueAt - performance.now()
  if (early > 0) await wait(early)
  const most = Math.max(1, Math.round((bytesPerSecond * DRIP_MS) / 1000))
  for (let at = 0; at < bytes.length && to.writable; at += most) {
    if (at > 0) await wait(DRIP_MS)
    if (to.writable) to.write(bytes.subarray(at, at + most))
  }
}
