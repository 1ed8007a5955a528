// `node --import ./bench/strip-types.mjs`: runs TypeScript. A race starts dozens of processes, so types are blanked out but once for each state of a file.

import { register } from 'node:module'

register('./strip-types-hooks.mjs', import.meta.url)
