import { execFileSync } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { signedIn, world } from '../core/manager.fixture.ts'
import { type Described, histogram, type Measure, type SelfMeasuring } from '../core/measures.ts'
import { eventLoop, prometheusHandler, prometheusText } from './index.ts'

/** A program is started here; only what hangs takes this long. */
vi.setConfig({ testTimeout: 60_000 })

function figure(more: Partial<Described> & { kind?: 'counter' | 'gauge'; value?: number } = {}): Measure {
  return {
    name: 'sojourn.tests',
    description: 'A test.',
    unit: '{test}',
    attributes: {},
    kind: 'counter',
    value: 1,
    ...more,
  }
}

function source(...measures: readonly Measure[]): SelfMeasuring {
  return { measures: () => measures }
}

/** The lines but for the comments. */
function samples(...measures: readonly Measure[]): readonly string[] {
  const lines = prometheusText([source(...measures)])
    .trimEnd()
    .split('\n')
  return lines.filter((line) => !line.startsWith('#'))
}

/** Everything that promtool finds to say, which is nothing; its exit code is 0 or this throws. */
function promtool(text: string): string {
  return execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' })
}

describe('names', () => {
  it.each<[string, Partial<Described>, string]>([
    ['a counter ends so', {}, 'sojourn_tests_total 1'],
    ['… once', { name: 'sojourn.tests.total' }, 'sojourn_tests_total 1'],
    ['… behind its unit', { name: 'sojourn.waited', unit: 's' }, 'sojourn_waited_seconds_total 1'],
    ['bytes', { name: 'sojourn.sent', unit: 'By' }, 'sojourn_sent_bytes_total 1'],
    ['a unit that is there', { name: 'sojourn.cpu.seconds', unit: 's' }, 'sojourn_cpu_seconds_total 1'],
    ['what no name may have', { name: '9 lives/häuser' }, '_9_lives_h_user_total 1'],
    ['no name', { name: '' }, '__total 1'],
  ])('%s', (_, described, expected) => {
    expect(samples(figure(described))).toEqual([expected])
  })

  it('a gauge has its unit only', () => {
    expect(samples(figure({ kind: 'gauge', name: 'sojourn.age', unit: 's' }))).toEqual([
      'sojourn_age_seconds 1',
    ])
  })
})

describe('text', () => {
  it('escapes what stands in labels and in the help', () => {
    const attributes = { 'path.of': 'a\\b"c\nd', '1st': 'x' }
    const text = prometheusText([source(figure({ attributes, description: 'One\\two\nthree "four".' }))])
    expect(text).toBe(
      [
        '# HELP sojourn_tests_total One\\\\two\\nthree "four".',
        '# TYPE sojourn_tests_total counter',
        'sojourn_tests_total{path_of="a\\\\b\\"c\\nd",_1st="x"} 1',
        '',
      ].join('\n'),
    )
    expect(promtool(text)).toBe('')
  })

  it('says each series once, the first, and each name once, of one kind', () => {
    const [store, other] = [figure({ attributes: { a: '1' } }), figure({ attributes: { a: '2' }, value: 2 })]
    const text = prometheusText([
      source(store, figure({ name: 'sojourn.between' })),
      source({ ...store, value: 9 } as Measure, other, figure({ kind: 'gauge', attributes: { a: '3' } })),
    ])
    expect(text.split('\n').filter((line) => line.includes('sojourn_tests'))).toEqual([
      '# HELP sojourn_tests_total A test.',
      '# TYPE sojourn_tests_total counter',
      'sojourn_tests_total{a="1"} 1',
      'sojourn_tests_total{a="2"} 2',
    ])
    expect(promtool(text)).toBe('')
  })

  it('has labels once that differ only in what no label may have', () => {
    expect(samples(figure({ attributes: { 'a.b': 'x', a_b: 'y' } }))).toEqual([
      'sojourn_tests_total{a_b="y"} 1',
    ])
  })

  it.each([
    [Number.POSITIVE_INFINITY, '+Inf'],
    [Number.NEGATIVE_INFINITY, '-Inf'],
    [Number.NaN, 'NaN'],
    [1e-7, '1e-7'],
    [1e21, '1e+21'],
  ])('writes %d as %s', (value, written) => {
    const measure = figure({ kind: 'gauge', value })
    expect(samples(measure)).toEqual([`sojourn_tests ${written}`])
    expect(promtool(prometheusText([source(measure)]))).toBe('')
  })

  it('adds buckets up, with those that are beyond every bound', () => {
    const waits = histogram([0.5, 2])
    for (const value of [0.1, 0.5, 1, 7]) waits.record(value)
    const described = { name: 'sojourn.waits', description: 'Waits.', unit: 's', attributes: { of: 'x' } }
    const text = prometheusText([source(waits.measure(described))])
    expect(samples(waits.measure(described))).toEqual([
      'sojourn_waits_seconds_bucket{of="x",le="0.5"} 2',
      'sojourn_waits_seconds_bucket{of="x",le="2"} 3',
      'sojourn_waits_seconds_bucket{of="x",le="+Inf"} 4',
      'sojourn_waits_seconds_sum{of="x"} 8.6',
      'sojourn_waits_seconds_count{of="x"} 4',
    ])
    expect(promtool(text)).toBe('')
  })

  it('does without a source that fails', () => {
    const failing: SelfMeasuring = {
      measures() {
        throw new Error('no')
      },
    }
    expect(prometheusText([failing, source(figure())])).toContain('sojourn_tests_total 1')
    expect(prometheusText([failing])).toBe('\n')
  })
})

describe('a manager’s', () => {
  it('promtool finds nothing to say about', async () => {
    const { manager, another } = world()
    const other = another({ realm: 'backstage' })
    const { token } = await signedIn(manager)
    await other.verify(token, 'bearer')
    const text = prometheusText([manager, other, eventLoop])
    expect(promtool(text)).toBe('')
    expect(text).toContain('sojourn_verdicts_total{realm="default",kind="valid"} 0')
    expect(text).toContain('sojourn_verdicts_total{realm="backstage",kind="none",reason="forged"}')
  })

  it('has no token, no subject, no session in it', async () => {
    const { manager } = world()
    const { token, session } = await signedIn(manager, 'ada.lovelace')
    await manager.verify(token, 'bearer')
    await manager.verify(`${token}x`, 'bearer')
    const text = prometheusText([manager])
    for (const secret of [token.slice(4, 28), token.slice(-20), session.id, 'lovelace'])
      expect(text).not.toContain(secret)
  })
})

describe('OpenMetrics', () => {
  it('is the same with units, whole bounds as fractions and an end', () => {
    const waits = histogram([1])
    const described = { name: 'sojourn.waits', description: 'Say "when".', unit: 's', attributes: {} }
    const measures = [waits.measure(described), figure({ name: 'sojourn.sent', unit: 'By' })]
    expect(prometheusText([source(...measures)], { format: 'openmetrics' })).toBe(
      [
        '# HELP sojourn_waits_seconds Say \\"when\\".',
        '# TYPE sojourn_waits_seconds histogram',
        '# UNIT sojourn_waits_seconds seconds',
        'sojourn_waits_seconds_bucket{le="1.0"} 0',
        'sojourn_waits_seconds_bucket{le="+Inf"} 0',
        'sojourn_waits_seconds_sum 0',
        'sojourn_waits_seconds_count 0',
        '# HELP sojourn_sent_bytes A test.',
        '# TYPE sojourn_sent_bytes counter',
        '# UNIT sojourn_sent_bytes bytes',
        'sojourn_sent_bytes_total 1',
        '# EOF',
        '',
      ].join('\n'),
    )
  })
})

describe('a scrape', () => {
  /** What Prometheus 3 sends, shortened. */
  const PROMETHEUS =
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2'

  it.each([
    [PROMETHEUS, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    ['Application/OpenMetrics-Text', 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
    ['application/openmetrics-text;version=0.0.1', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text;version=2.0.0', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text;q=0', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text;q=0.1,text/plain', 'text/plain; version=0.0.4; charset=utf-8'],
    ['application/openmetrics-text;q=nonsense', 'text/plain; version=0.0.4; charset=utf-8'],
    ['text/html,*/*', 'text/plain; version=0.0.4; charset=utf-8'],
    ['', 'text/plain; version=0.0.4; charset=utf-8'],
  ])('that accepts "%s" gets %s', async (accept, type) => {
    const answer = prometheusHandler(source(figure()))({ headers: new Headers({ accept }) })
    expect(answer.headers.get('content-type')).toBe(type)
    expect((await answer.text()).endsWith('# EOF\n')).toBe(type.startsWith('application'))
  })

  it('is answered to a request that is not described, and kept by nobody', async () => {
    const { manager } = world()
    const answer = prometheusHandler(manager)()
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
    const text = await answer.text()
    expect(promtool(text)).toBe('')
    expect(text).toContain('sojourn_event_loop_delay_max_seconds ')
  })

  it('is answered under node:http in the two lines that the documentation has', async () => {
    const scrape = prometheusHandler(source(figure()))
    const respond = async (response: ServerResponse): Promise<void> => {
      const answer = scrape()
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    }
    const server = createServer((_, response) => void respond(response))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`)
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await answer.text()).toContain('sojourn_tests_total 1\n')
    await new Promise((closed) => server.close(closed))
  })
})
