// A hit from memory of a response of 32 KB.

import { contest } from './contest.ts'
import { KB32 } from './origin.ts'
import { bareExpress, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import { nginx, varnish } from './proxies.ts'

const items = KB32
const rawName = 'node:http, headers and body made beforehand'

await contest({
  name: 'hit-32k',
  title: 'A hit from memory, 32 KB',
  about: 'As above, with a body of 32 KB.',
  file: import.meta.filename,
  raw: rawName,
  courses: {
    [rawName]: () => raw(items),
    'Larder, Express on the fast server': () => larderExpress({ items }),
    'Larder, Express': () => larderExpress({ items, server: 'plain' }),
    'Larder, Koa': () => larderKoa({ items }),
    'Express, the handler alone': () => bareExpress({ items, server: 'plain' }),
    'koa-cash': peer('koa-cash', { items }),
    apicache: peer('apicache', { items }),
    'bentocache by hand, Express': peer('bentocache', { items }),
    'nginx, proxy_cache': nginx(items),
    Varnish: varnish(items),
  },
})
