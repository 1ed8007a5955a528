// Loads the sources with the changes that MUTANT names. Before tsx in the command line: it sees what that reads.

import { register } from 'node:module'

register('./mutate-hook.mjs', import.meta.url, { data: JSON.parse(process.env.MUTANT) })
