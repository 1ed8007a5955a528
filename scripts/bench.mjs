// npm run bench: every benchmark, or the one that is named. Each writes its figures to bench/results/NAME.json.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from './build.mjs'
import { ensureInstalled, root } from './setup.mjs'

ensureInstalled()
// What is measured is what is published: tsx names every function anew each time it is made, which costs a miss dearly.
build()

const known = readdirSync(join(root, 'bench'))
  .filter(name => name.endsWith('.bench.ts'))
  .map(name => name.slice(0, -'.bench.ts'.length))
const [name] = process.argv.slice(2)
if (name !== undefined && !known.includes(name)) {
  console.error(`No benchmark is called '${name}'. There are: ${known.join(', ')}`)
  process.exit(1)
}
for (const each of name === undefined ? known : [name]) {
  console.log(`\n${each}`)
  const flags = ['--expose-gc', '--import', 'ts-blank-space/register']
  const { status } = spawnSync(process.execPath, [...flags, join(root, 'bench', `${each}.bench.ts`)], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
