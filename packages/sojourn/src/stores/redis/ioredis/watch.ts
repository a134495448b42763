/**
 * Finds connections that have gone silent, or out of step. A peer that vanished without a word is otherwise noticed after minutes, and
 * the driver's own `socketTimeout` sees nothing on an idle connection and nothing before the first command.
 *
 * At each look something must have come in since the last one. If not, a `PING` is sent; if still nothing comes for
 * three more, the connection is destroyed, and the driver makes another. Looks are counted, not time: a process that
 * was held up reads what has arrived before it looks again.
 *
 * An answer that nobody waits for is one too many: those before it may have gone to the wrong questions. The driver says
 * so and goes on; here the connection ends.
 */
import type { Redis } from 'ioredis'
import type { Environment } from '../../../core/environment.ts'
import { driverCommand, ignore } from './command.ts'

const LOOK_MS = 180
/** Silent from just after one look: found at the fifth, 900 ms later. */
const MOST_SILENT_LOOKS = 4
/** How the driver begins to say it (`DataHandler.shiftCommand`). */
const SURPLUS_ANSWER = 'Command queue state error'

export interface WatchOptions {
  readonly environment: Environment
  /** How much longer it may be silent just now, milliseconds: a `WAIT` holds back all answers. Default none. */
  readonly patience?: () => number
}

/** The answer ends it. **Cost**: five timers a second; nothing for each command. */
export function watchForSilence(node: Redis, { environment, patience }: WatchOptions): () => void {
  let socket = node.stream
  let heard = 0
  let silent = 0
  let timer = environment.after(LOOK_MS, look)
  node.on('error', endIfOutOfStep)

  function look(): void {
    timer = environment.after(LOOK_MS, look)
    const isOpen = node.status === 'ready' || node.status === 'connect'
    if (!isOpen || node.stream !== socket || socket.bytesRead !== heard) return start()
    silent++
    if (silent >= MOST_SILENT_LOOKS + (patience?.() ?? 0) / LOOK_MS) socket.destroy()
    else if (silent === 1 && node.status === 'ready')
      node.sendCommand(driverCommand(['PING'], { resolve: ignore, reject: ignore }))
  }

  function start(): void {
    socket = node.stream
    heard = socket?.bytesRead ?? 0
    silent = 0
  }

  function endIfOutOfStep({ message }: Error): void {
    if (message.startsWith(SURPLUS_ANSWER)) node.stream?.destroy()
  }

  return () => {
    timer.cancel()
    node.off('error', endIfOutOfStep)
  }
}
