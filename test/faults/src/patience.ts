/** Waiting for something to be so. How long that takes is a figure, never a condition; only what hangs gives up. */
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20
const PATIENCE_MS = 120_000

/** Resolves when it is so. @throws Error that says what did not come about */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`It does not come about that ${what}.`)
    await delay(POLL_MS)
  }
}
