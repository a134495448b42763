/**
 * `bad-inputs.md`, headers: what clients write about themselves. Whatever it is, they are who is connected to the
 * proxy, by the scheme that they are connected with. `FAKE` is in each row that claims an address.
 */

export interface BadHeaders {
  /** The row of `bad-inputs.md`. */
  readonly id: string
  readonly title: string
  /** Requests; each is the lines that it has besides its own. */
  readonly requests: readonly (readonly Line[])[]
}

export type Line = readonly [name: string, value: string]

/** An address that nobody has (RFC 5737), and a host likewise. */
export const FAKE = '203.0.113.66'
export const EVIL = 'evil.example'

const HTTPS: Line = ['X-Forwarded-Proto', 'https']
const claims = (...values: readonly string[]): readonly (readonly Line[])[] =>
  values.map((value) => [['X-Forwarded-For', value], HTTPS])
const forwarded = (...values: readonly string[]): readonly (readonly Line[])[] =>
  values.map((value) => [['Forwarded', value]])
const each = (names: readonly string[], value: string): readonly (readonly Line[])[] =>
  names.map((name) => [[name, value]])

export const BAD_HEADERS: readonly BadHeaders[] = [
  { id: 'H01', title: 'nothing at all', requests: [[]] },
  {
    id: 'H02',
    title: 'other addresses, also those of the proxies',
    requests: claims(
      FAKE,
      `127.0.0.1, ${FAKE}`,
      `${FAKE}, 127.0.0.1`,
      `${FAKE}, 127.0.0.2`,
      `${FAKE}, 127.0.0.3, 127.0.0.2`,
      `127.0.0.2, ${FAKE}, ${FAKE}`,
    ),
  },
  {
    id: 'H02',
    title: 'several lines',
    requests: [
      [['X-Forwarded-For', FAKE], ['X-Forwarded-For', '127.0.0.2'], HTTPS, HTTPS],
      [
        ['x-forwarded-for', FAKE],
        ['X-FORWARDED-FOR', FAKE],
        ['x-forwarded-proto', 'https'],
      ],
    ],
  },
  {
    id: 'H03',
    title: '10,000 hops, 60 KB',
    requests: claims(
      Array.from({ length: 10_000 }, () => '1.2.3').join(','),
      Array.from({ length: 4000 }, () => FAKE).join(', '),
      Array.from({ length: 6000 }, () => '127.0.0.2').join(','),
      `${FAKE}${','.repeat(60_000)}`,
      'x'.repeat(60_000),
    ),
  },
  {
    id: 'H04',
    title: 'no addresses',
    requests: claims(
      'unknown',
      '_hidden',
      '',
      ' ',
      ',',
      ',,,',
      `${FAKE},`,
      `,${FAKE}`,
      `${FAKE}, unknown`,
      'null',
    ),
  },
  {
    id: 'H05',
    title: 'ports, brackets, quotes and zones',
    requests: claims(
      `${FAKE}:80`,
      `"${FAKE}"`,
      `"${FAKE}`,
      '[2001:db8::66]:443',
      '"[::1]"',
      'fe80::1%eth0',
      `[::ffff:${FAKE}]`,
      '0x7f.1',
      '0127.0.0.1',
    ),
  },
  {
    id: 'H06',
    title: 'IPv4 inside IPv6',
    requests: claims(
      `::ffff:${FAKE}`,
      '::ffff:10.0.0.1',
      '::ffff:0a00:1',
      '64:ff9b::a00:1',
      '2002:cb00:7142::1',
      '::ffff:127.0.0.2',
    ),
  },
  {
    id: 'H08',
    title: 'Forwarded',
    requests: forwarded(
      `for=${FAKE};proto=https;host=${EVIL}`,
      `for="${FAKE}";proto="https"`,
      `for="${FAKE}:443";proto=https, for=127.0.0.2;proto=https`,
      `For=${FAKE};Proto=HTTPS;By=${FAKE}`,
      `for=${FAKE};proto=https;x="`,
      `for=${FAKE};proto=https;x="\\"`,
      `for="${FAKE}\\";proto=https`,
      `proto=https;for=${FAKE};for=${FAKE}`,
      'proto=https',
      'for=_hidden;proto=https',
      ';;;,,,',
      '=',
      `for=${FAKE},`.repeat(3000),
    ),
  },
  {
    id: 'H10',
    title: 'headers that nobody asked for',
    requests: each(
      `X-Real-IP CF-Connecting-IP True-Client-IP X-Client-IP Client-IP X-Forwarded X-Cluster-Client-IP
       Fastly-Client-IP X-Original-Forwarded-For X_Forwarded_For X-ProxyUser-Ip Via From Forwarded-For
       X-Remote-Addr`.split(/\s+/),
      FAKE,
    ),
  },
  {
    id: 'H10',
    title: 'other ways to claim HTTPS',
    requests: [
      ...each(['X-Forwarded-Ssl', 'Front-End-Https', 'X-Https', 'HTTPS'], 'on'),
      ...each(
        ['X-Forwarded-Scheme', 'X-Url-Scheme', 'X-Forwarded-Protocol', 'X_Forwarded_Proto', 'X-Scheme'],
        'https',
      ),
      [['CF-Visitor', '{"scheme":"https"}']],
      [['X-Forwarded-Port', '443']],
    ],
  },
  {
    id: 'H12',
    title: 'schemes',
    requests: [
      ...each(['X-Forwarded-Proto'], 'https'),
      ...[
        'https,http',
        'https, https',
        'HTTPS',
        ' https ',
        'javascript',
        'https;',
        '"https"',
        '',
        ',',
      ].flatMap((value) => [
        [['X-Forwarded-Proto', value]] as const,
        [
          ['X-Forwarded-Proto', value],
          ['X-Forwarded-For', FAKE],
        ] as const,
        [
          ['X-Forwarded-Proto', value],
          ['X-Forwarded-For', `${FAKE}, ${FAKE}`],
        ] as const,
      ]),
    ],
  },
  {
    id: 'H13',
    title: 'hosts beside Host',
    requests: [
      ...each(
        ['X-Forwarded-Host', 'X-Host', 'X-Forwarded-Server', 'X-Original-Host', 'X-HTTP-Host-Override'],
        EVIL,
      ),
      [['X-Forwarded-Host', `${EVIL}, localhost`]],
      [
        ['X-Original-URL', `https://${EVIL}/`],
        ['X-Rewrite-URL', `//${EVIL}/`],
      ],
    ],
  },
  {
    id: 'H15',
    title: 'user agents',
    requests: [
      ...each(['User-Agent'], ''),
      ...each(['User-Agent'], 'x'.repeat(64 * 1024)),
      ...each(['User-Agent'], 'Firefox/🦊'.repeat(200)),
      ...each(['User-Agent'], '<script>alert(1)</script>\t%0d%0aSet-Cookie: a=b \\r\\n'),
      [
        ['User-Agent', 'one'],
        ['User-Agent', 'two'],
      ],
    ],
  },
]
