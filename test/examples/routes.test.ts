// Both example servers, asked what a user would ask, over and over.

import { expect } from 'chai'
import { type Answer, type ExampleServer, start, temporaryFolder } from './server.ts'

/** Path → what its first answer is. */
const cached = [
  ['/', 'text/html; charset=utf-8'],
  ['/events', 'application/json; charset=utf-8'],
  ['/events?page=525', 'application/json; charset=utf-8'],
  ['/events?near=52.52,13.40', 'application/json; charset=utf-8'],
  ['/events?near=-33.87,151.2&page=2', 'application/json; charset=utf-8'],
  ['/events/42', 'application/json; charset=utf-8'],
  ['/buddies/7', 'application/json; charset=utf-8'],
  ['/search?q=chess', 'application/json; charset=utf-8'],
  ['/pages/events', 'text/html; charset=utf-8'],
  ['/pages/events?near=52.52,13.40', 'text/html; charset=utf-8'],
  ['/pages/events/42', 'text/html; charset=utf-8'],
  ['/pages/buddies/7', 'text/html; charset=utf-8'],
] as const

const wrongIds = ['abc', '0', '-1', '1.5', '01', '2147483648', '9'.repeat(300), '1%00', '%27%3B--', '1e3']

/** Path → the field that is wrong. */
const wrongReads: readonly (readonly [path: string, field: string])[] = [
  ...['abc', '0', '-1', '1001', '1.5', '', '1&page=2', '%00'].map(page => [`/events?page=${page}`, 'page'] as const),
  ...['999,1', '1,999', 'Berlin', '52.52', '52.52,13.4,1', '', 'NaN,NaN', '1,2&near=3,4', '%00,1'].map(
    near => [`/events?near=${near}`, 'near'] as const,
  ),
  ...wrongIds.map(id => [`/events/${id}`, 'id'] as const),
  ...wrongIds.map(id => [`/buddies/${id}`, 'id'] as const),
  ['/search', 'q'],
  ['/search?q=', 'q'],
  ['/search?q=a', 'q'],
  [`/search?q=${'a'.repeat(81)}`, 'q'],
  ['/search?q=a%00b', 'q'],
  ['/search?q=one&q=two', 'q'],
]

const newEvent = {
  title: 'Tea at four',
  city: 'London',
  startsAt: '2030-05-04T16:00:00+01:00',
  interest: 'Coffee',
  hostId: 7,
}

/** What is wrong with a new event → the fields that are named. */
const wrongEvents: readonly (readonly [what: string, body: unknown, fields: readonly string[]])[] = [
  ['nothing', undefined, ['body']],
  ['an array', [], ['body']],
  ['empty', {}, ['title', 'city', 'startsAt', 'interest', 'hostId']],
  ['a short title', { ...newEvent, title: ' a ' }, ['title']],
  ['a NUL in the title', { ...newEvent, title: 'one\0two' }, ['title']],
  ['a long description', { ...newEvent, description: 'a'.repeat(2001) }, ['description']],
  ['an unknown city', { ...newEvent, city: 'Atlantis' }, ['city']],
  ['a date without a zone', { ...newEvent, startsAt: '2030-05-04T16:00:00' }, ['startsAt']],
  ['a date that does not exist', { ...newEvent, startsAt: '2030-02-30T16:00:00Z' }, ['startsAt']],
  [
    'an unknown interest and a host in words',
    { ...newEvent, interest: 'Curling', hostId: '7' },
    ['interest', 'hostId'],
  ],
  ['a host who does not exist', { ...newEvent, hostId: 2_000_000 }, ['hostId']],
  ['a field too many', { ...newEvent, id: 1 }, ['body']],
]

for (const name of ['express', 'koa']) {
  describe(`the ${name} example`, function () {
    this.timeout(180_000)
    const folder = temporaryFolder()
    let server: ExampleServer

    before(async () => {
      server = await start(name, { DATA_DIR: folder.path })
    })
    after(async () => {
      await server?.end()
      folder.remove()
    })

    const ask: ExampleServer['ask'] = (path, asked) => server.ask(path, asked)
    const patch = (id: number, body: unknown): Promise<Answer> => ask(`/events/${id}`, { method: 'PATCH', body })
    const signIn = async (buddyId: number): Promise<{ cookie: string }> => {
      const answer = await ask('/sign-in', { method: 'POST', body: { buddyId } })
      expect(answer.status).to.equal(200)
      return { cookie: answer.headers['set-cookie']![0]!.split(';')[0]! }
    }

    it('says that it makes its data at the first start, and how to try it', () => {
      expect(server.output())
        .to.match(/first start: making 10,500 events and 2,400 buddies/)
        .and.match(/first start: made in \d+\.\d s/)
        .and.contain(`curl -i ${server.url}/events/42`)
    })

    describe('asked twice', () => {
      for (const [path, type] of cached) {
        it(`${path}: a miss that is stored, then a hit without a run of the handler`, async () => {
          const { hits } = (await ask('/health')).json.metrics
          const first = await ask(path)
          const second = await ask(path)

          expect(first.status).to.equal(200)
          expect(first.headers['content-type']).to.equal(type)
          expect(first.headers['cache-status']).to.match(/^larder; fwd=uri-miss; stored; ttl=\d+/)
          expect(first.headers).not.to.have.property('age')
          expect(second.status).to.equal(200)
          expect(second.headers['cache-status']).to.match(/^larder; hit; ttl=\d+/)
          expect(second.headers.age).to.match(/^\d+$/)
          expect(second.headers['content-type']).to.equal(type)
          expect(second.headers['x-run']).to.equal(first.headers['x-run'])
          expect(second.text).to.equal(first.text)
          expect((await ask('/health')).json.metrics.hits).to.equal(hits + 1)
        })
      }

      it('parameters that mean nothing make no second entry', async () => {
        const first = await ask('/events?page=4')
        const second = await ask('/events?utm_source=letter&page=4&cachebuster=1')
        expect(second.headers['cache-status']).to.match(/^larder; hit/)
        expect(second.headers['x-run']).to.equal(first.headers['x-run'])
      })

      it('If-None-Match: 304 without a body, of a hit', async () => {
        await ask('/events/43')
        const { etag } = (await ask('/events/43')).headers
        const answer = await ask('/events/43', { headers: { 'if-none-match': etag! } })
        expect(answer.status).to.equal(304)
        expect(answer.text).to.equal('')
        expect(answer.headers['cache-status']).to.match(/^larder; hit/)
      })

      it('HEAD is answered by what GET stored', async () => {
        const get = await ask('/events/44')
        const head = await ask('/events/44', { method: 'HEAD' })
        expect(head.status).to.equal(200)
        expect(head.text).to.equal('')
        expect(head.headers['cache-status']).to.match(/^larder; hit/)
        expect(head.headers['content-length']).to.equal(String(Buffer.byteLength(get.text)))
      })
    })

    describe('what it answers', () => {
      it('lists by time, twenty a page', async () => {
        const { json } = await ask('/events?page=2')
        expect(json).to.include({ page: 2, pages: 525, total: 10_500 })
        const times = json.events.map((event: { startsAt: string }) => event.startsAt)
        expect(times).to.have.length(20)
        expect(times).to.deep.equal([...times].sort())
      })

      it('lists by distance, nearest first', async () => {
        const { json } = await ask('/events?near=52.52,13.40')
        const distances = json.events.map((event: { distanceKm: number }) => event.distanceKm)
        expect(json.events[0].city).to.equal('Berlin')
        expect(distances).to.deep.equal([...distances].sort((a: number, b: number) => a - b))
        expect(distances[0]).to.be.within(0, 5)
      })

      it('a page past the last one is empty', async () => {
        expect((await ask('/events?page=1000')).json.events).to.deep.equal([])
      })

      it('finds events by word and buddies by name', async () => {
        const { id, name } = (await ask('/buddies/7')).json
        const byName = (await ask(`/search?q=${encodeURIComponent(name)}`)).json
        expect(byName.buddies.map((buddy: { id: number }) => buddy.id)).to.include(id)
        const byWord = (await ask('/search?q=telescope')).json
        expect(byWord.events).not.to.be.empty
        expect(byWord.events[0].interest).to.equal('Stargazing')
      })

      for (const q of ['%25', "'; drop table events; --", '"(', '((&|!', '<->', '日本', 'the of'])
        it(`search takes ${q} as words`, async () => {
          expect((await ask(`/search?q=${encodeURIComponent(q.padEnd(2))}%20x`)).status).to.equal(200)
        })

      it('an event names its host, who comes too', async () => {
        const { json } = await ask('/events/42')
        expect(json.attendees.map((buddy: { id: number }) => buddy.id)).to.include(json.host.id)
        expect(json.attending).to.equal(json.attendees.length)
        expect(
          (await ask(`/buddies/${json.host.id}`)).json.hosting.map((event: { id: number }) => event.id),
        ).to.include(42)
      })

      it('health', async () => {
        expect((await ask('/health')).json.status).to.equal('pass')
        expect((await ask('/health/live')).status).to.equal(200)
        expect((await ask('/health/ready')).status).to.equal(200)
      })
    })

    describe('a write', () => {
      it('makes every answer that showed the event new at once', async () => {
        const before = (await ask('/events/50')).json
        const host = before.host.id
        const paths = ['/events/50', '/pages/events/50', `/buddies/${host}`, `/pages/buddies/${host}`]
        await Promise.all(paths.map(path => ask(path)))

        expect((await patch(50, { title: 'Moved to Saturday' })).status).to.equal(200)
        for (const path of paths) {
          const answer = await ask(path)
          expect(answer.text, path).to.contain('Moved to Saturday')
          expect(answer.headers['cache-status'], path).to.match(/fwd=\S*miss.*stored/)
          expect((await ask(path)).headers['cache-status'], path).to.match(/^larder; hit/)
        }
      })

      it('leaves what it did not touch', async () => {
        await ask('/events/60')
        await patch(61, { title: 'Something else' })
        expect((await ask('/events/60')).headers['cache-status']).to.match(/^larder; hit/)
      })

      it('lists and searches show it next', async () => {
        await ask('/events?page=525')
        await ask('/search?q=zeppelin')
        const change = { title: 'Zeppelin watching', startsAt: '2031-01-01T00:00:00Z', city: 'Oslo' }
        expect((await patch(70, change)).json).to.include({ city: 'Oslo', lat: 59.9139 })
        expect((await ask('/events?page=525')).json.events.at(-1)).to.include({ id: 70, title: 'Zeppelin watching' })
        expect((await ask('/search?q=zeppelin')).json.events).to.have.length(1)
        expect((await ask('/events?near=59.9139,10.7522')).json.events[0].id).to.equal(70)
      })

      it('a new event is there for the next reader', async () => {
        const { total } = (await ask('/events')).json
        const hosted = (await ask('/buddies/7')).json.hosting.length
        const added = await ask('/events', { method: 'POST', body: newEvent })
        expect(added.status).to.equal(201)
        expect(added.json).to.include({ title: 'Tea at four', startsAt: '2030-05-04T15:00:00.000Z', attending: 1 })
        expect(added.headers.location).to.equal(`/events/${added.json.id}`)
        expect((await ask(added.headers.location!)).json).to.deep.equal(added.json)
        expect((await ask('/events')).json.total).to.equal(total + 1)
        expect((await ask('/buddies/7')).json.hosting).to.have.length(hosted + 1)
      })

      it('an answer that there is no such event does not outlive the event’s making', async () => {
        const next = (await ask('/events', { method: 'POST', body: newEvent })).json.id + 1
        expect((await ask(`/events/${next}`)).status).to.equal(404)
        await ask('/events', { method: 'POST', body: newEvent })
        expect((await ask(`/events/${next}`)).status).to.equal(200)
      })

      it('what people write is shown as text', async () => {
        const title = `<script>alert("1")</script> & 'more'`
        await patch(71, { title, description: '<img src=x onerror=alert(1)>' })
        const { text, headers } = await ask('/pages/events/71')
        expect(text).not.to.match(/<script|<img/)
        expect(text).to.contain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;more&#39;')
        expect(headers['content-security-policy']).to.match(/^default-src 'none'/)
        expect((await ask('/events/71')).json.title).to.equal(title)
      })
    })

    describe('who is signed in', () => {
      it('sees himself, past the cache, and nobody else', async () => {
        const seven = await signIn(7)
        const eight = await signIn(8)
        for (let round = 1; round <= 2; round++) {
          for (const [headers, id] of [
            [seven, 7],
            [eight, 8],
          ] as const) {
            const answer = await ask('/me', { headers })
            expect(answer.json.id).to.equal(id)
            expect(answer.headers['cache-status']).to.equal('larder; fwd=bypass; detail=credentials')
            expect(answer.headers).not.to.have.property('age')
          }
          const nobody = await ask('/me')
          expect(nobody.status).to.equal(401)
          expect(nobody.headers['cache-status']).not.to.match(/stored|hit/)
        }
      })

      it('a cookie that was changed signs nobody in', async () => {
        const { cookie } = await signIn(7)
        for (const forged of [cookie.replace('=7.', '=8.'), `${cookie.slice(0, -3)}AAA`, 'session=7', 'session='])
          expect((await ask('/me', { headers: { cookie: forged } })).status, forged).to.equal(401)
      })

      it('shares what is the same for everyone', async () => {
        await ask('/events/80')
        const answer = await ask('/events/80', { headers: await signIn(7) })
        expect(answer.headers['cache-status']).to.match(/^larder; hit/)
        expect(answer.headers).not.to.have.property('set-cookie')
      })

      for (const body of [{}, { buddyId: 'x' }, { buddyId: 0 }, undefined])
        it(`sign-in with ${JSON.stringify(body)}: 400`, async () => {
          expect((await ask('/sign-in', { method: 'POST', body })).status).to.equal(400)
        })
      it('sign-in as nobody: 404', async () => {
        expect((await ask('/sign-in', { method: 'POST', body: { buddyId: 1_000_000 } })).status).to.equal(404)
      })
    })

    describe('wrong input', () => {
      for (const [path, field] of wrongReads)
        it(`GET ${path.slice(0, 60)}: 400 names ${field}, and is not stored`, async () => {
          for (let round = 1; round <= 2; round++) {
            const answer = await ask(path)
            expect(answer.status).to.equal(400)
            expect(answer.headers['cache-control']).to.equal('no-store')
            expect(answer.headers['cache-status']).not.to.match(/stored|hit/)
            expect(answer.json.problems.map((problem: { field: string }) => problem.field)).to.deep.equal([field])
            expect(answer.json.problems[0].problem).to.match(/^expected /)
          }
        })

      for (const [what, body, fields] of wrongEvents)
        it(`POST /events with ${what}: 400 names ${fields}`, async () => {
          const { status, json } = await ask('/events', { method: 'POST', body })
          expect(status).to.equal(400)
          expect(json.problems.map((problem: { field: string }) => problem.field)).to.deep.equal(fields)
        })

      const asks: readonly (readonly [string, string, Parameters<ExampleServer['ask']>[1], number])[] = [
        ['a body that is no JSON', '/events', { method: 'POST', body: '{"title":' }, 400],
        ['a body that is too large', '/events', { method: 'POST', body: 'x'.repeat(20_000) }, 413],
        [
          'another content type',
          '/events',
          { method: 'POST', body: 'a', headers: { 'content-type': 'text/plain' } },
          400,
        ],
        ['a change of nothing', '/events/42', { method: 'PATCH', body: {} }, 400],
        ['a change of the host', '/events/42', { method: 'PATCH', body: { hostId: 3 } }, 400],
        ['a change of no event', '/events/1000000', { method: 'PATCH', body: { title: 'Nothing' } }, 404],
        ['an event that is not there', '/events/1000000', {}, 404],
        ['a buddy who is not there', '/buddies/1000000', {}, 404],
        ['no such route', '/nothing', {}, 404],
        ['no such method', '/events/42', { method: 'DELETE' }, 404],
        ['a path that cannot be decoded', '/events/%E0%A4%A', {}, 400],
      ]
      for (const [what, path, asked, status] of asks)
        it(`${what}: ${status}, as JSON`, async () => {
          const answer = await ask(path, asked)
          expect(answer.status).to.equal(status)
          expect(answer.json.error).to.be.a('string')
          expect(answer.headers['cache-control']).to.equal('no-store')
        })

      it('a page says it in HTML', async () => {
        const answer = await ask('/pages/events?page=<b>')
        expect(answer.status).to.equal(400)
        expect(answer.headers['content-type']).to.match(/^text\/html/)
        expect(answer.text).to.contain('page: expected a whole number')
      })
    })
  })
}
