/** Reading a posted form: bounded, strictly URL-encoded, no field twice. */
import type { IncomingMessage } from 'node:http'
import { Refusal } from './refusal.ts'

/** The fields of a form by name. */
export type Form = ReadonlyMap<string, string>

const MOST_BYTES = 16 * 1024
const MOST_BYTES_READ = 1024 * 1024
const URL_ENCODED = /^application\/x-www-form-urlencoded(\s*;\s*charset=utf-8)?\s*$/i

/** @throws Refusal 400 for what is no form, 413 for more than 16 KiB */
export async function readForm(request: IncomingMessage): Promise<Form> {
  const type = request.headers['content-type'] ?? ''
  const body = await readBody(request)
  if (body.length === 0) return new Map()
  if (!URL_ENCODED.test(type)) throw new Refusal(400, 'This address takes a form as browsers send it.')
  return parseForm(body)
}

function parseForm(body: Buffer): Form {
  const text = body.toString('latin1')
  if (!/^[\x21-\x7e]*$/.test(text)) throw malformed()
  const fields = new Map<string, string>()
  for (const pair of text.split('&')) {
    const [name = '', value = '', ...rest] = pair.split('=').map(decode)
    if (rest.length > 0 || name === '' || fields.has(name)) throw malformed()
    fields.set(name, value)
  }
  return fields
}

/** A field's text, without the blanks around it; empty when it is absent. */
export function field(form: Form, name: string): string {
  return (form.get(name) ?? '').trim()
}

/** What is too much is still read for a while: a client that is cut off while it sends never sees the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size <= MOST_BYTES) chunks.push(chunk)
    if (size > MOST_BYTES_READ) throw tooLarge({ connection: 'close' })
  }
  if (size > MOST_BYTES) throw tooLarge()
  return Buffer.concat(chunks)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw malformed()
  }
}

function malformed(): Refusal {
  return new Refusal(400, 'This form arrived damaged. Go back, reload the page and send it again.')
}

function tooLarge(headers: Refusal['headers'] = {}): Refusal {
  return new Refusal(413, 'That is more than this form can take.', headers)
}
