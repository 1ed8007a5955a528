// What a cache adds to a request that it cannot answer: every request is for another URL.

import { contest } from './contest.ts'
import { bareExpress, bareKoa, larderExpress, larderKoa, raw } from './ours.ts'
import { peer } from './peers.ts'

const rawName = 'node:http, headers and body made beforehand'
const fast = 'Express on the fast server, the handler alone'
const plain = 'Express, the handler alone'
const koa = 'Koa, the handler alone'
const alone: Readonly<Record<string, string>> = {
  'Larder, Express on the fast server': fast,
  'Larder, Express': plain,
  'Larder, Koa': koa,
  'koa-cash': koa,
  apicache: plain,
  'bentocache by hand, Express': plain,
}

await contest({
  name: 'miss',
  title: 'A miss, 1 KB',
  about:
    'No request is for what another was for: each runs the handler, and the response is recorded, observed and stored.',
  file: import.meta.filename,
  raw: rawName,
  load: { variety: 'unique' },
  courses: {
    [rawName]: () => raw(),
    'Larder, Express on the fast server': () => larderExpress(),
    [fast]: () => bareExpress(),
    'Larder, Express': () => larderExpress({ server: 'plain' }),
    [plain]: () => bareExpress({ server: 'plain' }),
    'Larder, Koa': () => larderKoa(),
    [koa]: () => bareKoa(),
    'koa-cash': peer('koa-cash'),
    apicache: peer('apicache'),
    'bentocache by hand, Express': peer('bentocache'),
  },
  against: { '× the handler alone': course => alone[course] },
  goals: Object.entries(alone)
    .filter(([course]) => course.startsWith('Larder'))
    .map(([course, against]) => {
      return { scenario: `miss, ${course.slice(8)}`, course, against, atLeast: 0.9, unit: 'of the bare handler' }
    }),
})
