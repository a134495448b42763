/** A process that starts a Redis, pauses it, says where it is, and never stops it. */
import { startRedis } from 'sojourn-test-programs'

const { pid, folder, pause } = await startRedis()
pause()
process.send?.({ pid, folder })
