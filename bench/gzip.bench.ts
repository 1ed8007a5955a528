// 32 KB for a client that takes gzip: compressed on every request, or stored compressed.

import { createServer as createNodeServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import compression from 'compression'
import { contest } from './contest.ts'
import { compressedEachTime, compressedOnce } from './names.ts'
import { createOrigin, KB32 } from './origin.ts'
import { bareExpress, larderExpress } from './ours.ts'
import type { Course } from './race.ts'

const items = KB32
const fields = { 'Accept-Encoding': 'gzip' }
const rawGzipName = 'node:http, compressed beforehand'

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
  raw: rawGzipName,
  courses: {
    [rawGzipName]: () => accepting(rawGzip()),
    [compressedOnce]: () => accepting(larderExpress({ items, inner: [compression()] })),
    'Larder, Express, compression behind the cache': () =>
      accepting(larderExpress({ items, server: 'plain', inner: [compression()] })),
    [compressedEachTime]: () => accepting(bareExpress({ items, server: 'plain', inner: [compression()] })),
  },
  against: { '× compression every time': course => (course === rawGzipName ? undefined : compressedEachTime) },
})
