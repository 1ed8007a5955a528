// A hit that the client has already: If-None-Match, and a 304 without a body.

import { createHash } from 'node:crypto'
import { createServer as createNodeServer } from 'node:http'
import { responseCache as koaCache } from '@larder/koa'
import { contest } from './contest.ts'
import { expressName, fastName, koaName, rawName } from './names.ts'
import { createOrigin } from './origin.ts'
import { bareExpress, koa, larderExpress, raw } from './ours.ts'
import type { Course } from './race.ts'

const origin = createOrigin()
const bareName = 'Express, the handler alone, 304'

/** What a course says its entity tag is, asked for by the course itself before the race. */
async function conditional(course: Course): Promise<Course> {
  const { server } = course
  await new Promise<void>(resolve => void server!.listen(0, '127.0.0.1', resolve))
  const address = server!.address() as { port: number }
  const tag = (await fetch(`http://127.0.0.1:${address.port}/`, { headers: { connection: 'close' } })).headers.get(
    'etag',
  )
  await new Promise(resolve => void server!.close(resolve))
  if (tag === null) throw new Error('no entity tag')
  return { ...course, fields: { 'If-None-Match': tag } }
}

const tag = `"${createHash('sha1').update('bench').digest('base64')}"`

await contest({
  name: 'not-modified',
  title: 'A hit that the client has: 304',
  about: 'The request carries the entity tag of the response; the answer has no body.',
  file: import.meta.filename,
  courses: {
    [rawName]: () => raw(),
    'node:http, 304': () => ({
      server: createNodeServer((_req, res) => res.writeHead(304, ['ETag', tag]).end()),
      fields: { 'If-None-Match': tag },
    }),
    [fastName]: () => conditional(larderExpress()),
    [expressName]: () => conditional(larderExpress({ server: 'plain' })),
    [koaName]: () =>
      conditional(
        koa(koaCache('1h'), ctx => {
          ctx.etag = 'bench'
          ctx.body = origin.json()
        }),
      ),
    [bareName]: () => conditional(bareExpress({ server: 'plain' })),
  },
  against: { '× Express alone': course => (/Express/.test(course) ? bareName : undefined) },
})
