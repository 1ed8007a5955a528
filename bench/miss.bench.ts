// What a cache adds to a request that it cannot answer: every request is for another URL.

import { contest } from './contest.ts'
import { bentocacheName, expressAlone, expressName, fastAlone, fastName, koaAlone, koaName, rawName } from './names.ts'
import { bareExpress, bareKoa, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'

const alone: Readonly<Record<string, string>> = {
  [fastName]: fastAlone,
  [expressName]: expressAlone,
  [koaName]: koaAlone,
  'koa-cash': koaAlone,
  apicache: expressAlone,
  [bentocacheName]: expressAlone,
}

await contest({
  name: 'miss',
  title: 'A miss, 1 KB',
  about:
    'No request is for what another was for: each runs the handler, and the response is recorded, observed and stored.',
  file: import.meta.filename,
  load: { variety: 'unique', seconds: 0.6 },
  courses: {
    [rawName]: () => raw(),
    [fastName]: () => larderExpress(),
    [fastAlone]: () => bareExpress(),
    [expressName]: () => larderExpress({ server: 'plain' }),
    [expressAlone]: () => bareExpress({ server: 'plain' }),
    [koaName]: () => larderKoa(),
    [koaAlone]: () => bareKoa(),
    'koa-cash': peer('koa-cash'),
    apicache: peer('apicache'),
    [bentocacheName]: peer('bentocache'),
  },
  against: { '× the handler alone': course => alone[course] },
})
