// docs/metrics.md names every measure there is, and the alarms stand on measures that are there.
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSessions } from 'sojourn'
import { watchFindings } from 'sojourn/doctor'
import { eventLoop, prometheusText, type SelfMeasuring } from 'sojourn/observe'
import { memoryStore } from 'sojourn/stores/memory'
import { redisStore } from 'sojourn/stores/redis'
import { nodeRedis } from 'sojourn/stores/redis/node-redis'
import { tieredStore } from 'sojourn/stores/tiered'
import { afterAll, describe, expect, it } from 'vitest'
import { page, ROOT, tableUnder } from './pages.ts'

const metrics = page('docs/metrics.md')
const rules = page('docs/alerts/sojourn.rules.yml')
const SECTIONS = [
  '### Sessions',
  '### Breakers',
  '### Near copies',
  '### Redis',
  '### Doctor',
  '### Event loop',
]

const sessions = createSessions({ deployment: 'docs', secrets: [randomBytes(48)], store: memoryStore() })

const near = tieredStore({ hot: memoryStore() })
/** Nothing listens there, and figures ask nobody. */
const redis = nodeRedis({ url: 'redis://127.0.0.1:1' })
const overRedis = redisStore({ redis })
const watch = watchFindings({ store: memoryStore() })

afterAll(async () => {
  watch.close()
  await overRedis.close()
  await redis.close()
  await near.close()
})

const sources: readonly (readonly [string, SelfMeasuring])[] = [
  ['### Sessions', { measures: () => sessions.measures().filter(({ name }) => !isOfBreakers(name)) }],
  ['### Breakers', { measures: () => sessions.measures().filter(({ name }) => isOfBreakers(name)) }],
  ['### Near copies', near],
  ['### Redis', overRedis],
  ['### Doctor', watch],
  ['### Event loop', eventLoop],
]

describe('what there is', () => {
  it.each(sources)('is what the page has under %s', (heading, source) => {
    expect(documented(heading)).toEqual(measured(source))
  })

  it('is told with what it says', () => {
    const rows = SECTIONS.flatMap((heading) => tableUnder(metrics, heading))
    expect(rows.filter((row) => (row[4] ?? '') === '')).toEqual([])
  })
})

describe('the alarms', () => {
  it('are rules that Prometheus takes', () => {
    const printed = promtool('check', 'rules', 'docs/alerts/sojourn.rules.yml')
    expect(printed).toContain(`SUCCESS: ${alerts().length} rules found`)
  })

  it('each sound when they should, and not before', () => {
    expect(promtool('test', 'rules', 'test/docs/alerts.test.yml')).toContain('SUCCESS')
    const tested = new Set(
      [...page('test/docs/alerts.test.yml').text.matchAll(/alertname="(\w+)"/g)].map(([, name]) => name),
    )
    expect(tested).toEqual(new Set(alerts()))
  })

  it('are those that the page explains', () => {
    const explained = tableUnder(metrics, '## What to be woken for').map(([name]) =>
      name?.replaceAll('`', ''),
    )
    expect(explained).toEqual(alerts())
  })

  it('stand on measures of the page', () => {
    const used = new Set([...rules.text.matchAll(/sojourn_\w+/g)].map(([name]) => name))
    expect([...used].filter((name) => !exposed().has(name))).toEqual([])
  })
})

function isOfBreakers(name: string): boolean {
  return name.startsWith('sojourn.breaker.')
}

function alerts(): readonly string[] {
  return [...rules.text.matchAll(/alert: (\w+)/g)].map(([, name]) => name ?? '')
}

function promtool(...args: readonly string[]): string {
  return execFileSync('promtool', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' })
}

/** `sojourn.verdicts counter {check} kind realm reason`. */
function documented(heading: string): readonly string[] {
  const bare = (cell: string | undefined): string => cell?.replaceAll('`', '') ?? ''
  return tableUnder(metrics, heading)
    .map(([name, kind, unit, attributes]) => {
      const keys = bare(attributes).split(', ').filter(Boolean).toSorted()
      return [bare(name), bare(kind), bare(unit), ...keys].join(' ')
    })
    .toSorted()
}

function measured(source: SelfMeasuring): readonly string[] {
  const found = new Map<string, { readonly head: string; readonly keys: Set<string> }>()
  for (const { name, kind, unit, attributes } of source.measures()) {
    const { head, keys } = found.get(name) ?? { head: `${name} ${kind} ${unit}`, keys: new Set() }
    for (const key of Object.keys(attributes)) keys.add(key)
    found.set(name, { head, keys })
  }
  return [...found.values()].map(({ head, keys }) => [head, ...[...keys].toSorted()].join(' ')).toSorted()
}

/** All that the page names, as Prometheus sees it. */
function exposed(): ReadonlySet<string> {
  const measures = SECTIONS.flatMap(documented).map((line) => {
    const [name = '', kind, unit = ''] = line.split(' ')
    const described = { name, unit, description: '', attributes: {} }
    return kind === 'histogram'
      ? ({ ...described, kind, bounds: [], counts: [0], sum: 0 } as const)
      : ({ ...described, kind: kind === 'counter' ? kind : 'gauge', value: 0 } as const)
  })
  const text = prometheusText([{ measures: () => measures }])
  return new Set(text.split('\n').map((line) => line.split(/[ {]/)[0] ?? ''))
}
