// `node --import ./bench/without-cache.mjs app.ts`: the app as it is, but that its responseCache() is a layer which does nothing.

import { register } from 'node:module'

register('./without-cache-hooks.mjs', import.meta.url)
