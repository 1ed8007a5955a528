// RFC 9111 §4.3 — The handler is asked whether what is stored still holds, and the client's own question is answered on top.

import { expect } from 'chai'
import { beds, type Fields, told, until } from './bed.ts'

const tagged: Fields = { 'Cache-Control': 'public, max-age=60', ETag: '"1"', 'X-Kept': 'as it was' }
const lastModified = 'Tue, 01 Oct 2024 10:00:00 GMT'

describe('validation', () => {
  const bedFor = beds()
  function stale(headers: Fields = tagged, options = {}) {
    const bed = bedFor(options)
    bed.get().run!.send(200, headers, 'body')
    bed.clock.advance(61_000)
    return bed
  }

  it('304 → the stored response with new fields and a new life', () => {
    const bed = stale()
    const client = bed.get()
    expect(client.run!.headers['if-none-match']).to.equal('"1"')
    client.run!.send(304, { ETag: '"1"', 'Cache-Control': 'public, max-age=120', 'X-New': 'yes' })
    expect([client.answer?.status, client.answer?.body]).to.deep.equal([200, 'body'])
    expect(told(client.answer)).to.equal('fwd=stale; fwd-status=304; stored')
    bed.clock.advance(119_000)
    const hit = bed.ask()
    expect([told(hit), hit.header('x-new'), hit.header('x-kept'), hit.header('age')]).to.deep.equal([
      'hit',
      'yes',
      'as it was',
      '119',
    ])
    bed.clock.advance(1000)
    bed.get().run!.send(304, {})
  })

  it('Last-Modified is asked about as well', () => {
    const bed = stale({ 'Cache-Control': 'max-age=60', 'Last-Modified': lastModified })
    const client = bed.get()
    expect(client.run!.headers['if-modified-since']).to.equal(lastModified)
    client.run!.send(304, {})
    expect(client.answer?.body).to.equal('body')
    expect(told(bed.ask())).to.equal('hit')
  })

  it('the client’s own conditions are hidden from the handler, and answered on top', () => {
    const bed = stale()
    const same = bed.get('/', { 'If-None-Match': '"1"' })
    expect(same.run!.headers['if-none-match']).to.equal('"1"')
    same.run!.send(304, {})
    expect([same.answer?.status, same.answer?.body]).to.deep.equal([304, ''])
    bed.clock.advance(61_000)
    const other = bed.get('/', { 'If-None-Match': '"0"', 'If-Match': '"0"' })
    expect(other.run!.headers['if-none-match']).to.equal('"1"')
    expect(other.run!.headers['if-match']).to.equal(undefined)
    other.run!.send(304, {})
    expect([other.answer?.status, other.answer?.body]).to.deep.equal([200, 'body'])
  })

  it('a fill without anything stored shows the handler no condition', () => {
    const bed = bedFor()
    const client = bed.get('/', { 'If-None-Match': '*', 'If-Modified-Since': lastModified })
    expect(client.run!.headers['if-none-match']).to.equal(undefined)
    client.run!.send(200, tagged, 'body')
    expect(bed.ask().body).to.equal('body')
  })

  it('200 → the new response', () => {
    const bed = stale()
    const client = bed.get()
    client.run!.send(200, { ...tagged, ETag: '"2"' }, 'other')
    expect(client.answer?.body).to.equal('other')
    expect(bed.ask().body).to.equal('other')
  })

  it('those who waited are served with what was validated', () => {
    const bed = stale()
    const clients = [bed.get(), bed.get('/', { 'If-None-Match': '"1"' }), bed.get()]
    clients[0]!.run!.send(304, {})
    expect(clients.map(({ answer }) => answer?.status)).to.deep.equal([200, 304, 200])
    expect(bed.runs).to.have.length(2)
  })

  it('a 304 that speaks of another response renews nothing', () => {
    const bed = stale()
    const client = bed.get()
    client.run!.send(304, { ETag: '"other"', 'X-New': 'yes' })
    expect(client.answer?.body).to.equal('body')
    expect(client.answer?.header('x-new')).to.equal(undefined)
    expect(told(client.answer)).to.equal('fwd=stale; fwd-status=304; detail=not-validated')
    const next = bed.get()
    expect(next.run!.headers['if-none-match']).to.equal(undefined)
    next.run!.send(200, tagged, 'new')
  })

  for (const [title, update, reason] of [
    ['private', { 'Cache-Control': 'private' }, 'private'],
    ['no-store', { 'Cache-Control': 'no-store' }, 'no-store'],
    ['a cookie', { 'Set-Cookie': 's=alice' }, 'set-cookie'],
    ['Vary: *', { Vary: '*' }, 'vary-star'],
  ] as const) {
    it(`a 304 with ${title} goes to its client, and what was stored is gone`, () => {
      const bed = stale()
      const client = bed.get()
      client.run!.send(304, update)
      expect(client.answer?.body).to.equal('body')
      expect(told(client.answer)).to.equal(`fwd=stale; fwd-status=304; detail=${reason}`)
      expect(client.answer?.header('set-cookie')).to.equal(update['Set-Cookie' as keyof typeof update])
      const next = bed.get()
      expect(next.answer).to.equal(undefined)
      next.run!.send(200, tagged, 'new')
    })
  }

  it('tags stay, and those of the run that validated join them', async () => {
    for (const tag of ['before', 'now']) {
      const bed = bedFor({ tags: ['before'] })
      bed.get().run!.send(200, tagged, 'body')
      bed.clock.advance(61_000)
      const client = bed.get()
      client.run!.tag('now')
      client.run!.send(304, {})
      expect(bed.ask().body).to.equal('body')
      await bed.cache.invalidateTags([tag])
      const next = bed.get()
      next.run!.send(200, tagged, 'new')
      expect(next.answer?.body).to.equal('new')
    }
  })

  it('an Expires that came with the 304 is not measured against the Date of the first response', () => {
    const old = new Date(Date.now() - 3600_000).toUTCString()
    const bed = bedFor()
    bed.get().run!.send(200, { ETag: '"1"', 'Last-Modified': lastModified, Date: old, Expires: old }, 'body')
    bed.handle(run => run.send(200, { ETag: '"1"', 'Cache-Control': 'max-age=60', Date: old }, 'body'))
    bed.clock.advance(61_000)
    bed.ask('/x')
    bed.handle(undefined)
    bed.clock.advance(61_000)
    const client = bed.get('/x')
    client.run!.send(304, { Expires: new Date(Date.now() + 60_000).toUTCString(), 'Cache-Control': 'public' })
    expect(Number(/ttl=(-?\d+)/.exec(client.answer?.header('cache-status') ?? '')?.[1])).to.be.within(57, 60)
  })

  it('a 304 of a run that took too long is still no answer for the client', async () => {
    const bed = stale(tagged, { fillTimeout: '20ms' })
    const client = bed.get()
    await until(() => bed.flights === 0)
    client.run!.send(304, {})
    expect([client.answer?.status, client.answer?.body]).to.deep.equal([200, 'body'])
    bed.get().run!.send(200, tagged, 'new')
  })

  it('nor is one from a cache further in, which took the condition for the client’s', () => {
    const bed = stale()
    const client = bed.get()
    const outer = client.run!
    bed.nest(client)
    outer.send(304, {})
    expect([client.answer?.status, client.answer?.body]).to.deep.equal([200, 'body'])
    bed.runs.at(-1)!.fail()
  })

  it('a 304 that nobody asked for is let through and not kept', () => {
    const bed = bedFor()
    const client = bed.get()
    client.run!.send(304, tagged)
    expect(client.answer?.status).to.equal(304)
    expect(told(client.answer)).to.equal('fwd=uri-miss; detail=status')
    bed.get().run!.send(200, tagged, 'body')
    expect(bed.ask().body).to.equal('body')
  })

  it('freshness comes from the time of day, age from the cache’s own clock', () => {
    const bed = bedFor()
    const client = bed.get()
    client.run!.send(200, { Expires: new Date(Date.now() + 60_000).toUTCString() }, 'body')
    expect(Number(/ttl=(-?\d+)/.exec(client.answer?.header('cache-status') ?? '')?.[1])).to.be.within(57, 60)
    bed.clock.advance(30_000)
    expect(told(bed.ask())).to.equal('hit')
    bed.clock.advance(31_000)
    bed.get().run!.send(200, {}, 'new')
  })
})
