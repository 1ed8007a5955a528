// RFC 9110 §13 and §14 at the door: conditions and ranges are the cache's to answer, and poison nothing.

import { expect } from 'chai'
import { type Fields, frameworks, type Reply } from './frameworks.ts'
import { said, serving, stage } from './stage.ts'

const modified = 'Sun, 01 Nov 2020 10:00:00 GMT'
const later = 'Mon, 01 Nov 2021 10:00:00 GMT'
const earlier = 'Fri, 01 Nov 2019 10:00:00 GMT'
const future = 'Fri, 31 Dec 2100 10:00:00 GMT'
const reply = { headers: { ETag: '"v1"', 'Last-Modified': modified, 'Content-Type': 'text/plain' }, body: '0123456789' }

const cold: readonly (readonly [title: string, headers: Fields])[] = [
  ['If-None-Match: *', { 'If-None-Match': '*' }],
  ['If-None-Match with the right tag', { 'If-None-Match': '"v1"' }],
  ['If-Modified-Since in the future', { 'If-Modified-Since': future }],
  ['If-Match with another tag', { 'If-Match': '"no"' }],
  ['If-Unmodified-Since long ago', { 'If-Unmodified-Since': earlier }],
]

const onHit: readonly (readonly [headers: Fields, status: number, body: string, contentRange?: string])[] = [
  [{ 'If-None-Match': '"v1"' }, 304, ''],
  [{ 'If-None-Match': 'W/"v1"' }, 304, ''],
  [{ 'If-None-Match': '"v0", "v1"' }, 304, ''],
  [{ 'If-None-Match': '*' }, 304, ''],
  [{ 'If-None-Match': '"v2"' }, 200, reply.body],
  [{ 'If-None-Match': 'nonsense' }, 200, reply.body],
  [{ 'If-Modified-Since': modified }, 304, ''],
  [{ 'If-Modified-Since': later }, 304, ''],
  [{ 'If-Modified-Since': earlier }, 200, reply.body],
  [{ 'If-Modified-Since': 'nonsense' }, 200, reply.body],
  [{ 'If-None-Match': '"v2"', 'If-Modified-Since': later }, 200, reply.body],
  [{ 'If-None-Match': '"v1"', Range: 'bytes=0-1' }, 304, ''],
  [{ Range: 'bytes=0-3' }, 206, '0123', 'bytes 0-3/10'],
  [{ Range: 'bytes=7-' }, 206, '789', 'bytes 7-9/10'],
  [{ Range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
  [{ Range: 'bytes=5-900' }, 206, '56789', 'bytes 5-9/10'],
  [{ Range: 'bytes=10-' }, 416, '', 'bytes */10'],
  [{ Range: 'bytes=900-901' }, 416, '', 'bytes */10'],
  [{ Range: 'bytes=3-1' }, 200, reply.body],
  [{ Range: 'lines=1-2' }, 200, reply.body],
  [{ Range: 'bytes=0-3', 'If-Range': '"v1"' }, 206, '0123', 'bytes 0-3/10'],
  [{ Range: 'bytes=0-3', 'If-Range': 'W/"v1"' }, 200, reply.body],
  [{ Range: 'bytes=0-3', 'If-Range': '"v2"' }, 200, reply.body],
  [{ Range: 'bytes=0-3', 'If-Range': modified }, 206, '0123', 'bytes 0-3/10'],
  [{ Range: 'bytes=0-3', 'If-Range': later }, 200, reply.body],
]

for (const framework of frameworks) {
  describe(`${framework.name}: conditions and ranges`, () => {
    const serve = serving()

    for (const [title, headers] of cold) {
      it(`${title} on a miss fills with the whole answer`, async () => {
        const { ask, runs } = await stage(serve, framework, () => reply)
        const miss = await ask('/', { headers })
        expect([miss.status, miss.text, said(miss)]).to.deep.equal([200, reply.body, 'fwd=uri-miss; stored'])
        const hit = await ask()
        expect([hit.status, hit.text, said(hit)]).to.deep.equal([200, reply.body, 'hit'])
        expect(runs()).to.equal(1)
      })
    }

    it('a condition that the handler reads itself is not there while it fills', async () => {
      const seen: (string | undefined)[] = []
      const { ask } = await stage(serve, framework, asked => {
        seen.push(asked.field('if-none-match'), asked.field('range'))
        return reply
      })
      await ask('/', { headers: { 'If-None-Match': '"v1"' } })
      expect(seen).to.deep.equal([undefined, undefined])
    })

    it('what is not to be kept is asked with the conditions of its client', async () => {
      const { ask } = await stage(
        serve,
        framework,
        asked => (asked.field('if-none-match') === '"v1"' ? { status: 304 } : reply),
        { cache: { skip: () => true } },
      )
      expect((await ask('/', { headers: { 'If-None-Match': '"v1"' } })).status).to.equal(304)
    })

    for (const [range, part] of [
      ['bytes=0-2', { status: 206, headers: { 'Content-Range': 'bytes 0-2/10' }, body: '012' }],
      ['bytes=900-901', { status: 416, headers: { 'Content-Range': 'bytes */10' } }],
    ] as const satisfies readonly (readonly [string, Reply])[]) {
      it(`Range: ${range} on a miss is the handler's to answer, and not kept`, async () => {
        const { ask, runs } = await stage(serve, framework, asked => (asked.field('range') ? part : reply))
        const first = await ask('/', { headers: { Range: range } })
        expect([first.status, said(first)]).to.deep.equal([part.status, 'fwd=uri-miss; detail=range'])
        const plain = await ask()
        expect([plain.status, plain.text, said(plain)]).to.deep.equal([200, reply.body, 'fwd=uri-miss; stored'])
        expect((await ask()).text).to.equal(reply.body)
        expect(runs()).to.equal(2)
      })
    }

    describe('on a hit', () => {
      for (const [headers, status, body, contentRange] of onHit) {
        const title = Object.entries(headers).map(field => field.join(': '))
        it(`${title.join(', ')} → ${status}`, async () => {
          const { ask, runs } = await stage(serve, framework, () => reply)
          await ask()
          const answer = await ask('/', { headers })
          expect([answer.status, answer.text, answer.complete]).to.deep.equal([status, body, true])
          expect(answer.header('content-range')).to.equal(contentRange)
          expect(said(answer)).to.equal('hit')
          if (status === 304) expect(answer.header('content-length')).to.equal(undefined)
          else expect(answer.header('content-length')).to.equal(String(body.length))
          if (status !== 416) expect(answer.header('etag')).to.equal('"v1"')
          expect((await ask()).text).to.equal(reply.body)
          expect(runs()).to.equal(1)
        })
      }
    })

    it('a hit without a validator of its own has one, which saves its client the body', async () => {
      const { ask } = await stage(serve, framework, () => ({ body: 'x' }))
      await ask()
      const tag = (await ask()).header('etag')!
      expect(tag).to.match(/^W\/"/)
      const again = await ask('/', { headers: { 'If-None-Match': tag } })
      expect([again.status, again.header('etag')]).to.deep.equal([304, tag])
    })

    it('HEAD does not fill, and is answered from a GET', async () => {
      const { ask, runs } = await stage(serve, framework, () => reply)
      const cold = await ask('/', { method: 'HEAD' })
      expect([cold.status, said(cold)]).to.deep.equal([200, 'fwd=uri-miss; detail=head'])
      const get = await ask()
      expect([get.text, said(get)]).to.deep.equal([reply.body, 'fwd=uri-miss; stored'])
      for (const headers of [{}, { Range: 'bytes=0-1' }]) {
        const head = await ask('/', { method: 'HEAD', headers })
        expect([head.status, head.header('content-length'), said(head)]).to.deep.equal([200, '10', 'hit'])
        expect(head.wire).to.match(/\r\n\r\n$/)
      }
      const unmodified = await ask('/', { method: 'HEAD', headers: { 'If-None-Match': '"v1"' } })
      expect(unmodified.status).to.equal(304)
      expect((await ask()).text).to.equal(reply.body)
      expect(runs()).to.equal(2)
    })
  })
}
