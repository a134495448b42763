/**
 * Small named documents, each an item of its own without an end: version and text in a frame (`core/codec/frame.ts`) that
 * is bound to the name. They can be evicted like everything else; whoever used them then finds another deployment.
 */
import { ByteWriter } from '../../core/codec/bytes.ts'
import { FORMAT, open, seal } from '../../core/codec/frame.ts'
import { InputError, SystemError } from '../../core/errors.ts'
import type { VersionedDocument, VersionedDocuments } from '../../core/store.ts'
import { FOR_EVER } from './life.ts'
import type { Item, Server } from './wire/server.ts'

/** Throws when the store has been closed, or for a name that cannot be a key. */
export type DocumentPlace = (name: string) => { readonly server: Server; readonly key: string }

/**
 * @param allAgree rejects while a server does not answer, or belongs to another list: with another list a document has
 * another place, and would be made a second time there
 */
export function memcachedDocuments(
  placeOf: DocumentPlace,
  allAgree: () => Promise<unknown>,
): VersionedDocuments {
  return {
    async get(name) {
      const { server, key } = placeOf(name)
      const found = await server.get(key)
      return found && documentIn(found.value, name)
    },
    async put(name, expected, value) {
      const { server, key } = placeOf(name)
      if (expected === 'absent') {
        await allAgree()
        const item = await itemOf(server, name, { version: 1, value })
        return (await server.add(key, item)) === 'done' ? 'committed' : 'conflict'
      }
      const found = await server.get(key)
      if (found === undefined || documentIn(found.value, name).version !== expected) return 'conflict'
      const item = await itemOf(server, name, { version: expected + 1, value })
      return (await server.replace(found, item)) === 'done' ? 'committed' : 'conflict'
    },
  }
}

async function itemOf(server: Server, name: string, { version, value }: VersionedDocument): Promise<Item> {
  const text = Buffer.from(value)
  const writer = new ByteWriter(16 + text.length)
  writer.u8(FORMAT)
  writer.u32(version)
  writer.bytes(text)
  const sealed = seal(writer, addressOf(name))
  if (sealed.length > (await server.largestValue())) throw tooLarge(name)
  return { value: sealed, life: FOR_EVER }
}

/** What is no document is an error and not an absence: a deployment record must not be made a second time. */
function documentIn(bytes: Buffer, name: string): VersionedDocument {
  const reader = open(bytes, addressOf(name))
  if (typeof reader !== 'string') return { version: reader.u32(), value: reader.rest().toString() }
  throw new SystemError(
    reader === 'newer' ? 'STORE_NEWER' : 'STORE_CORRUPT',
    reader === 'newer'
      ? `The document "${name}" was written by a later version of Sojourn. Update this process.`
      : `The document "${name}" in Memcached holds something else. Delete it, which ends all sessions, and look for who else writes under this prefix.`,
  )
}

function addressOf(name: string): string {
  return `document ${name}`
}

function tooLarge(name: string): InputError {
  return new InputError(
    'DATA_TOO_LARGE',
    `The document "${name}" is larger than an item of Memcached may be. Give Memcached larger items (-I).`,
  )
}
