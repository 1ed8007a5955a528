// A hit from memory of a response of 32 KB.

import { contest } from './contest.ts'
import { bentocacheName, expressAlone, expressName, fastName, koaName, rawName } from './names.ts'
import { KB32 } from './origin.ts'
import { bareExpress, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import { nginx, varnish } from './proxies.ts'

const items = KB32

await contest({
  name: 'hit-32k',
  title: 'A hit from memory, 32 KB',
  about: 'As above, with a body of 32 KB.',
  file: import.meta.filename,
  rounds: 4,
  courses: {
    [rawName]: () => raw(items),
    [fastName]: () => larderExpress({ items }),
    [expressName]: () => larderExpress({ items, server: 'plain' }),
    [koaName]: () => larderKoa({ items }),
    [expressAlone]: () => bareExpress({ items, server: 'plain' }),
    'koa-cash': peer('koa-cash', { items }),
    apicache: peer('apicache', { items }),
    [bentocacheName]: peer('bentocache', { items }),
    'nginx, proxy_cache': nginx(items),
    Varnish: varnish(items),
  },
})
