// Mixed traffic: nine of ten requests for pages by their popularity (Zipf, 10,000 pages), one of ten for what nobody asked for before.

import { contest } from './contest.ts'
import { bentocacheName, expressAlone, expressName, fastName, koaAlone, koaName, rawName } from './names.ts'
import { bareExpress, bareKoa, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import { nginx, varnish } from './proxies.ts'

await contest({
  name: 'mixed',
  title: 'Mixed traffic, 1 KB',
  about:
    'Nine of ten requests are for one of 10,000 pages by their popularity (Zipf, exponent 1), one of ten is for a URL that nobody asked for before. Every page was asked for once before the first round, so that nine of ten requests are hits where the cache holds 10,000 pages.',
  file: import.meta.filename,
  load: { variety: 'zipf', seconds: 0.6 },
  courses: {
    [rawName]: () => raw(),
    [fastName]: () => larderExpress(),
    [expressName]: () => larderExpress({ server: 'plain' }),
    [koaName]: () => larderKoa(),
    [expressAlone]: () => bareExpress({ server: 'plain' }),
    [koaAlone]: () => bareKoa(),
    'koa-cash': peer('koa-cash'),
    apicache: peer('apicache'),
    [bentocacheName]: peer('bentocache'),
    'nginx, proxy_cache': nginx(),
    Varnish: varnish(),
  },
})
