/** Small named documents, replaced by compare-and-set. Kept until somebody deletes them. */
import { SystemError } from '../../core/errors.ts'
import type { Instant } from '../../core/instant.ts'
import type { VersionedDocument, VersionedDocuments } from '../../core/store.ts'
import type { Reply } from './port.ts'
import { valuesIn } from './reading.ts'

export interface DocumentAccess {
  /** What `HMGET <document> version value` answers. */
  read(name: string): Promise<Reply>
  /** Runs `put-document.lua`, in the strongest write class: a deployment's naming key is among the documents. */
  write(name: string, values: readonly [before: string, after: string, value: string]): Promise<Reply>
  /** When the oldest heartbeat was sent that a read may come to stand on if it is sent now; `undefined`: it brings one of its own. */
  standsOn(): Instant | undefined
}

export function redisDocuments(access: DocumentAccess): VersionedDocuments {
  return {
    asOf: () => access.standsOn(),
    get: async (name) => documentIn(await access.read(name), name),
    async put(name, expected, value) {
      const before = expected === 'absent' ? '' : String(expected)
      const after = expected === 'absent' ? 1 : expected + 1
      return (await access.write(name, [before, String(after), value])) === 1 ? 'committed' : 'conflict'
    },
  }
}

/** What is no document is an error and not an absence: a deployment record must not be made a second time. */
function documentIn(reply: Reply, name: string): VersionedDocument | undefined {
  const [versionText, value] = valuesIn(reply, 2)
  if (!versionText && !value) return undefined
  const version = Number(versionText)
  if (value && Number.isSafeInteger(version) && version >= 1) return { version, value: value.toString() }
  throw new SystemError(
    'STORE_CORRUPT',
    `The document "${name}" in Redis holds something else. Restore it from a backup, and make the epoch step.`,
  )
}
