/** What the environment says. Without a secret nothing starts, and the message says what to do. */

export interface Settings {
  readonly secret: string
  /** 0: any free port. */
  readonly port: number
  /** Where the sessions are kept. */
  readonly file: string
}

export function readSettings(): Settings {
  const { SESSION_SECRET, PORT = '3000', SESSIONS_FILE = 'data/sessions.sqlite' } = process.env
  if (SESSION_SECRET === undefined || SESSION_SECRET === '') {
    console.error(
      [
        'SESSION_SECRET is not set. Make one and keep it: with another one everybody is signed out.',
        '',
        '  echo "SESSION_SECRET=$(openssl rand -base64 48)" > .env',
        `  node --env-file=.env ${process.argv[1]}`,
      ].join('\n'),
    )
    process.exit(78)
  }
  return { secret: SESSION_SECRET, port: Number(PORT), file: SESSIONS_FILE }
}
