// Builds the library: compiles what changed, then makes dist mirror src. Writes to stderr only.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { mirrorAssets } from './copy-assets.mjs'
import { root } from './workspace.mjs'

const library = join(root, 'packages/sojourn')
const tsc = join(root, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [tsc, '-b', join(library, 'tsconfig.build.json')], {
  stdio: ['ignore', 2, 2],
})
if (status !== 0) process.exit(status ?? 1)
mirrorAssets({ from: join(library, 'src'), to: join(library, 'dist') })
