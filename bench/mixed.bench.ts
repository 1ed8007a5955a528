// Mixed traffic: nine of ten requests for pages by their popularity (Zipf, 10,000 pages), one of ten for what nobody asked for before.

import { contest } from './contest.ts'
import { bareExpress, bareKoa, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'
import { nginx, varnish } from './proxies.ts'

const rawName = 'node:http, headers and body made beforehand'
const fast = 'Larder, Express on the fast server'

await contest({
  name: 'mixed',
  title: 'Mixed traffic, 1 KB',
  about:
    'Nine of ten requests are for one of 10,000 pages by their popularity (Zipf, exponent 1), one of ten is for a URL that nobody asked for before. In the first rounds, which do not count, the popular pages are filled.',
  file: import.meta.filename,
  raw: rawName,
  load: { variety: 'zipf', requests: 10_000 },
  courses: {
    [rawName]: () => raw(),
    [fast]: () => larderExpress(),
    'Larder, Express': () => larderExpress({ server: 'plain' }),
    'Larder, Koa': () => larderKoa(),
    'Express, the handler alone': () => bareExpress({ server: 'plain' }),
    'Koa, the handler alone': () => bareKoa(),
    'koa-cash': peer('koa-cash'),
    apicache: peer('apicache'),
    'bentocache by hand, Express': peer('bentocache'),
    'nginx, proxy_cache': nginx(),
    Varnish: varnish(),
  },
  goals: [
    { scenario: 'mixed, Express on the fast server', course: fast, against: rawName, atLeast: 0.65, unit: 'of raw' },
  ],
})
