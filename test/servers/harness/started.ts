/** A process that starts a server, says where it is, and never stops it. */
import { startHaproxy } from '../../programs/haproxy.ts'
import { startNginx } from '../../programs/nginx.ts'
import type { Place } from '../../programs/server-process.ts'

const server =
  process.argv[2] === 'nginx'
    ? await startNginx({ config: ({ ports }: Place) => `server { listen 127.0.0.1:${ports[0]}; }` })
    : await startHaproxy({ config: ({ ports }: Place) => `frontend alone\n  bind 127.0.0.1:${ports[0]}` })
process.send?.({ folder: server.folder, ports: server.ports })
