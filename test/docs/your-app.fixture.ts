/** What the README's login imports from `./your-app.ts`. */
import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

export async function readForm(request: IncomingMessage): Promise<{ name: string; password: string }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
  return { name: form.get('name') ?? '', password: form.get('password') ?? '' }
}

export async function isPassword(name: string, password: string): Promise<boolean> {
  return name === 'ada' && password === 'difference engine'
}
