// An ESM user: imports an entry point and, for a door, runs its application.

import { createRequire } from 'node:module'
import ask from './ask.cjs'

const [entry, app] = process.argv.slice(2)
const names = await import(entry)
const answers = app ? await ask(createRequire(import.meta.url)(app)(names)) : []
console.log(JSON.stringify({ names: Object.keys(names), answers }))
