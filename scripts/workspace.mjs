// Where things stand in this repository, for every script that needs to know.

import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
