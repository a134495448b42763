/** What forms say, however a server reads them: texts by name. */
import type { IncomingMessage } from 'node:http'

export type Fields = Readonly<Record<string, string | undefined>>

const MOST_BYTES = 16 * 1024

/** The fields in what a framework made of a body. */
export function fieldsOf(body: unknown): Fields {
  return Object.fromEntries(Object.entries(body ?? {}).filter(([, value]) => typeof value === 'string'))
}

/** A field that came twice counts as absent. */
export function parseForm(text: string): Fields {
  const form = new URLSearchParams(text)
  return Object.fromEntries([...form].filter(([name]) => form.getAll(name).length === 1))
}

/** For servers that read no bodies themselves. */
export async function readForm(request: IncomingMessage): Promise<Fields> {
  return parseForm((await readBody(request)).toString('utf8'))
}

/** More than 16 KiB counts as nothing. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MOST_BYTES) return Buffer.alloc(0)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
