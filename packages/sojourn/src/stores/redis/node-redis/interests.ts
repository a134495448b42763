/**
 * Who wants to hear of changed keys, and the tracking that it takes: on only while somebody does. And who wants to hear
 * that reads go elsewhere, which also means that changes were missed.
 */
import type { Environment } from '../../../core/environment.ts'
import type { KeyInterest } from '../port.ts'
import type { Connection } from './dial.ts'

export interface Interests {
  readonly subscribe: (interest: KeyInterest) => () => void
  /** To be called for every connection that reads, before anything is sent on it. Anything may have changed unheard. */
  readonly onUp: (connection: Connection) => void
  readonly watchRouting: (onChanged: () => void) => () => void
  /** Reads may go to another server from now on. To be called before the first does. */
  readonly rerouted: () => void
}

/** `connections`: all that are up now. */
export function interests(environment: Environment, connections: () => readonly Connection[]): Interests {
  const all = new Set<KeyInterest>()
  const routing = new Set<{ readonly onChanged: () => void }>()
  return { subscribe, onUp, watchRouting, rerouted }

  function subscribe(interest: KeyInterest): () => void {
    const own = { ...interest }
    all.add(own)
    if (all.size === 1) switchAll('ON')
    return () => {
      if (all.delete(own) && all.size === 0) switchAll('OFF')
    }
  }

  function switchAll(mode: 'ON' | 'OFF'): void {
    for (const connection of connections()) track(connection, mode)
  }

  /** The driver switches it on at each connection. Without listeners it would cost the server a table for nothing. */
  function onUp(connection: Connection): void {
    connection.on('invalidate', (key) => (key === null ? lost() : changed(String(key))))
    if (all.size === 0) track(connection, 'OFF')
    lost()
  }

  function watchRouting(onChanged: () => void): () => void {
    const own = { onChanged }
    routing.add(own)
    return () => void routing.delete(own)
  }

  function rerouted(): void {
    for (const { onChanged } of routing) guarded(onChanged)
    lost()
  }

  function changed(key: string): void {
    for (const interest of all) guarded(() => interest.onChanged(key))
  }

  function lost(): void {
    for (const interest of all) guarded(interest.onLost)
  }

  /** What it throws would reach the driver's parser, in the middle of a reply. */
  function guarded(tell: () => void): void {
    try {
      tell()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      environment.log({
        level: 'error',
        message: 'A listener to changed keys threw.',
        fields: { error: message },
      })
    }
  }
}

/** Reads that are sent later find it switched: there is one queue. If it fails, so does the connection. */
function track(connection: Connection, mode: 'ON' | 'OFF'): void {
  connection.sendCommand(['CLIENT', 'TRACKING', mode]).catch(() => {})
}
