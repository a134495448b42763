/**
 * A script that awaits one thing and has nothing else to live for; started by `awaited.test.ts`. Node ends a process
 * whose last `await` hangs on nothing, with code 13.
 *
 *     conflict     revokes, while somebody else writes the same roster three times
 *     hang         asks a store that never answers; prints the error code
 *     answered     signs in; prints how many timers keep the process alive afterwards
 */
import { systemEnvironment } from '../environment/system.ts'
import { memoryStore } from '../stores/memory/index.ts'
import { createManager } from './manager.ts'
import { readOptions } from './policy/options.ts'
import type { SessionStore } from './store.ts'

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const store = memoryStore()

const tasks: Record<string, () => Promise<void>> = {
  async conflict() {
    let conflicts = 3
    const commit: SessionStore['commit'] = async (...change) =>
      conflicts-- > 0 ? 'conflict' : store.commit(...change)
    print(`${await managerOn({ ...store, commit }).revokeAll('ada')}`)
  },
  async hang() {
    const list = (): Promise<never> => new Promise(() => undefined)
    await managerOn({ ...store, list })
      .list('ada')
      .catch((error: unknown) => print((error as { readonly code: string }).code))
  },
  async answered() {
    await managerOn(store).signIn('ada')
    print(`${process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length}`)
  },
}

function managerOn(on: SessionStore): ReturnType<typeof createManager>['manager'] {
  const settings = readOptions({
    deployment: 'test',
    secrets: 'q3VZ0bqPp7uYwKxk1dSm9TgJcR4hNnE2aLf8XoWi6UyB5vMt',
    store: on,
  })
  return createManager(settings, { store: on, environment: systemEnvironment }).manager
}

await tasks[process.argv[2] ?? '']?.()
