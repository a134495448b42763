/** Small named documents in a `Map`, replaced by compare-and-set. */
import type { VersionedDocument, VersionedDocuments } from '../../core/store.ts'

/** `assertOpen` throws when the store has been closed. */
export function memoryDocuments(
  documents: Map<string, VersionedDocument>,
  assertOpen: () => void,
): VersionedDocuments {
  return {
    async get(name) {
      assertOpen()
      return documents.get(name)
    },
    async put(name, expected, value) {
      assertOpen()
      const version = documents.get(name)?.version
      if ((version ?? 'absent') !== expected) return 'conflict'
      documents.set(name, Object.freeze({ version: (version ?? 0) + 1, value }))
      return 'committed'
    },
  }
}
