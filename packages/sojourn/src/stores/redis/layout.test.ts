import { startRedis } from 'sojourn-test-programs'
import { describe, expect, it, test } from 'vitest'
import type { RosterKey } from '../../core/ids.ts'
import { seeded } from '../../testing/seeded.ts'
import { createLayout, DOCUMENTS_TAG, type Layout } from './layout.ts'
import { SLOTS, slotOf, slotOfKey, tagNames } from './slots.ts'

const layoutOf = (tags: number, sharded = false): Layout => createLayout({ prefix: 'sojourn', tags, sharded })

describe('the names of tags', () => {
  it.each([3, 5, 7, 16])(
    'are spread over %i primaries so that none has more than one too many',
    (primaries) => {
      const owned = Array.from({ length: primaries }, () => 0)
      // As `redis-cli --cluster create` deals slots out.
      const ownerOf = (slot: number): number =>
        owned.findIndex((_, index) => slot < Math.round(((index + 1) * SLOTS) / primaries))
      for (const name of tagNames(256)) {
        const owner = ownerOf(slotOf(name))
        owned[owner] = (owned[owner] ?? 0) + 1
      }
      expect(Math.min(...owned)).toBeGreaterThanOrEqual(Math.floor(256 / primaries))
      expect(Math.max(...owned)).toBeLessThanOrEqual(Math.ceil(256 / primaries))
    },
  )

  it('are these, for ever: they stand in the keys', () => {
    expect(tagNames(4)).toMatchInlineSnapshot(`
      [
        "1bz",
        "17p",
        "7e",
        "bo",
      ]
    `)
    expect(tagNames(256).slice(0, 8)).toMatchInlineSnapshot(`
      [
        "1bz",
        "7g",
        "289",
        "64p",
        "6u",
        "1ch",
        "65b",
        "k2",
      ]
    `)
    expect(new Set(tagNames(4_096)).size).toBe(4_096)
  })

  it('begin with the same one whatever their number, so that documents are found before it is known', () => {
    const first = tagNames(1)[DOCUMENTS_TAG]
    for (let count = 2; count <= 4_096; count *= 2) expect(tagNames(count)[DOCUMENTS_TAG]).toBe(first)
  })
})

test('slots are those that Redis computes', async () => {
  const server = await startRedis({ config: ['cluster-enabled yes'] })
  try {
    const braced = ['{foo}bar', 'bar{foo}{baz}', 'foo{}{bar}', '{}foo', 'foo{bar', 'foo}bar{', 'a{grüße}']
    for (const key of ['', 'a', '123456789', 'grüße', ...braced, ...tagNames(8)])
      expect(`${key} ${slotOfKey(key)}`).toBe(`${key} ${await server.cli('CLUSTER', 'KEYSLOT', key)}`)
  } finally {
    await server.stop()
  }
})

describe('a layout', () => {
  it('deals rosters out evenly', () => {
    const [layout, chance] = [layoutOf(16), seeded(1)]
    const counts = Array.from({ length: 16 }, () => 0)
    for (let drawn = 0; drawn < 16_000; drawn++) {
      const tag = layout.tagOf(chance.bytes(12).toString('base64url') as RosterKey)
      counts[tag] = (counts[tag] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })

  it('uses every tag, whatever their number', () => {
    const all = Array.from({ length: 4_096 }, (_, index) => {
      const bytes = Buffer.alloc(12)
      bytes.writeUInt16BE(index << 4)
      return bytes.toString('base64url') as RosterKey
    })
    for (let tags = 1; tags <= 4_096; tags *= 2) expect(usedTags(layoutOf(tags), all).size).toBe(tags)
  })

  it('knows its own rosters by their keys, and nothing else', () => {
    const layout = layoutOf(256)
    const roster = 'AAECAwQFBgcICQoL' as RosterKey
    const key = layout.rosterKey(roster, layout.tagOf(roster))
    expect(layout.rosterOf(key)).toBe(roster)
    const others = [
      `x${key}`,
      key.slice(1),
      roster,
      '',
      layout.documentKey('AAECAwQFBgcICQoL'),
      key.replace('{', '{x'),
    ]
    for (const other of others) expect(layout.rosterOf(other)).toBe(undefined)
  })

  it('has one channel, or in a cluster one in the slot of each tag', () => {
    expect(layoutOf(2).channels).toEqual(['sojourn:changes'])
    expect(layoutOf(2).channel(1)).toBe('sojourn:changes')
    const layout = layoutOf(2, true)
    expect(layout.channels).toEqual(layout.tags.map((tag) => `sojourn:{${tag}}:changes`))
    expect(layout.channel(1)).toBe(layout.channels[1])
  })
})

function usedTags(layout: Layout, rosters: readonly RosterKey[]): ReadonlySet<number> {
  return new Set(rosters.map((roster) => layout.tagOf(roster)))
}
