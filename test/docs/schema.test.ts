// What docs/sessions.md says about schemas, with a well-known Standard Schema library.
import { randomBytes } from 'node:crypto'
import { createSessions } from 'sojourn'
import { memoryStore } from 'sojourn/stores/memory'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const common = () => ({ deployment: 'docs', secrets: [randomBytes(48)], store: memoryStore() })
const REFUSED = expect.objectContaining({ code: 'DATA_INVALID' })

describe('a schema', () => {
  it('types the data and checks all of it at every write', async () => {
    const schema = z.object({ cart: z.array(z.string()).max(2).optional(), visits: z.number().optional() })
    const sessions = createSessions({ ...common(), data: { schema } })
    const { session } = await sessions.startAnonymous({ data: { cart: ['umbrella'] } })
    const cart: string[] | undefined = session.data.cart
    expect(cart).toEqual(['umbrella'])
    const crowd = (data: { cart?: string[] | undefined }): void => void data.cart?.push('hat', 'coat')
    await expect(sessions.update(session, crowd)).rejects.toEqual(REFUSED)
    await expect(sessions.update(session, crowd)).rejects.toThrow('does not fit the schema at: cart')
  })

  it('with a required key wants it at sign-in', async () => {
    const sessions = createSessions({ ...common(), data: { schema: z.object({ theme: z.string() }) } })
    await expect(sessions.signIn('ada')).rejects.toEqual(REFUSED)
    expect(await sessions.signIn('ada', { data: { theme: 'dark' } })).toMatchObject({ kind: 'signed-in' })
  })

  it('does not change what is stored', async () => {
    const schema = z.object({ theme: z.string().default('light') })
    const sessions = createSessions({ ...common(), data: { schema } })
    expect(await sessions.signIn('ada')).toMatchObject({ kind: 'signed-in', session: { data: {} } })
  })
})
