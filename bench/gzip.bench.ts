// 32 KB for a client that takes gzip: compressed on every request, or stored compressed.

import { createServer as createNodeServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import compression from 'compression'
import { contest } from './contest.ts'
import { createOrigin, KB32 } from './origin.ts'
import { bareExpress, larderExpress } from './ours.ts'
import type { Course } from './race.ts'

const items = KB32
const fields = { 'Accept-Encoding': 'gzip' }
const rawName = 'node:http, compressed beforehand'
const everyTime = 'Express, compression on every request'
const stored = 'Larder, Express on the fast server, compression behind the cache'

const accepting = (course: Course): Course => ({ ...course, fields })

function rawGzip(): Course {
  const body = gzipSync(createOrigin(items).body)
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Encoding',
    'gzip',
    'Content-Length',
    String(body.length),
  ]
  return { server: createNodeServer((_req, res) => res.writeHead(200, headers).end(body)) }
}

await contest({
  name: 'gzip',
  title: 'gzip, 32 KB',
  about:
    'The client says Accept-Encoding: gzip. Behind the cache, `compression` runs once, and what it made is stored.',
  file: import.meta.filename,
  raw: rawName,
  courses: {
    [rawName]: () => accepting(rawGzip()),
    [stored]: () => accepting(larderExpress({ items, inner: [compression()] })),
    'Larder, Express, compression behind the cache': () =>
      accepting(larderExpress({ items, server: 'plain', inner: [compression()] })),
    [everyTime]: () => accepting(bareExpress({ items, server: 'plain', inner: [compression()] })),
  },
  against: { '× compression every time': course => (course === rawName ? undefined : everyTime) },
  goals: [
    {
      scenario: 'gzip hit, 32 KB',
      course: stored,
      against: everyTime,
      atLeast: 20,
      unit: '× compression on every request',
    },
  ],
})
