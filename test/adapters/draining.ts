/** Waiting for a response to take more, without leaving a listener behind. */
import type { ServerResponse } from 'node:http'

/** Resolves at the next `drain`, or when the connection is gone. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    if (response.destroyed) resolve()
    else response.on('drain', done).on('close', done)
  })
}
