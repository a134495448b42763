/** Small named documents, replaced by compare-and-set. Written `durable`: a deployment's naming key is among them. */
import type { VersionedDocument, VersionedDocuments } from '../../core/store.ts'
import { corrupt } from './failures.ts'
import type { Statements } from './statements.ts'

export interface DocumentAccess {
  /** Runs `step` when the file is free. */
  reading<T>(step: (statements: Statements) => T): Promise<T>
  /** Runs `step` in a durable write transaction. */
  writing<T>(step: (statements: Statements) => T): Promise<T>
  readonly path: string
}

export function sqliteDocuments(access: DocumentAccess): VersionedDocuments {
  return {
    get: (name) => access.reading((statements) => getDocument(statements, name, access.path)),
    put: (name, expected, value) =>
      access.writing((statements) =>
        putDocument(statements, name, { expected, value }) ? 'committed' : 'conflict',
      ),
  }
}

/** Bytes that are no document are an error and not an absence: a deployment record must not be made a second time. */
function getDocument(statements: Statements, name: string, path: string): VersionedDocument | undefined {
  const row = statements.getDocument.first(name)
  if (row === undefined) return undefined
  const [version, value] = row
  if (Number.isSafeInteger(version) && (version as number) >= 1 && value instanceof Uint8Array) {
    return {
      version: version as number,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'),
    }
  }
  throw corrupt(path, new Error(`the document "${name}" holds something else`))
}

function putDocument(
  statements: Statements,
  name: string,
  { expected, value }: { expected: number | 'absent'; value: string },
): boolean {
  if (expected === 'absent') return statements.insertDocument.run(name, value) === 1
  return statements.updateDocument.run(value, name, expected) === 1
}
