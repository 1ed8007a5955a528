// Class L — Nobody is given what belongs to somebody else: waiting together, variants, validators, tenants, the switch.
//
// | not for memory alone | why |
// |---|---|
// | L15 prefixes of one store, L16 swapped entries, L17 what other processes wrote while it was off | needs a shared tier |

import type { Mode } from '@larder/core'
import { expect } from 'chai'
import { expectNowhere, expectOneRun, expectOwnRuns, gate, type Page, settle, signIn, vectors } from './site.ts'

const alice = { headers: { Cookie: 'u=alice' } }
const bob = { headers: { Cookie: 'u=bob' } }

vectors('leaks where requests meet', (site, framework) => {
  it('control: a plain page is kept and served to all', async () => {
    const { ask } = await site({ '/': () => ({ body: 'PAGE' }) })
    const answers = [await ask(), await ask(), await ask('/', alice)]
    expectOneRun(...answers)
    expect(answers.map(({ text }) => text)).to.deep.equal(['PAGE', 'PAGE', 'PAGE'])
  })

  for (const [whose, first, second] of [
    ['with credentials', alice, bob],
    ['without credentials', {}, {}],
  ] as const) {
    it(`L7: a private answer is not handed to those who wait for it, ${whose}`, async () => {
      const { layer, who } = signIn(framework)
      const gates = [gate(), gate(), gate(), gate()]
      const begun = gates.map(gate)
      const slow: Page = async ({ run }) => {
        begun[run - 1]!.open()
        await gates[run - 1]!.opened
        return { headers: { 'Cache-Control': 'private, max-age=60' }, body: `${who()}, run ${run}` }
      }
      const { open } = await site({ '/slow': slow }, { before: [layer] })
      const leader = open('/slow', first)
      await begun[0]!.opened
      const follower = open('/slow', second)
      await settle()
      for (const each of gates.slice(0, 2)) each.open()
      const answers = [await leader.done, await follower.done]
      expectOwnRuns(...answers)
      if (first === alice) expect(answers.map(({ text }) => text)).to.deep.equal(['alice, run 1', 'bob, run 2'])
      // From now on they do not even wait: both handlers are under way at once.
      const more = [open('/slow', first), open('/slow', second)]
      await Promise.all([begun[2]!.opened, begun[3]!.opened])
      for (const each of gates.slice(2)) each.open()
      expectOwnRuns(await more[0]!.done, await more[1]!.done)
    })
  }

  it('L10: each language has its own page, however its field is spelt', async () => {
    const { ask } = await site({
      '/l': visit => ({ headers: { Vary: 'Accept-Language' }, body: visit.field('accept-language') ?? 'none' }),
    })
    const say = (value: string | string[], name = 'Accept-Language') => ask('/l', { headers: { [name]: value } })
    const [french, german, both] = [await say('fr'), await say('de'), await say(['fr', 'de'])]
    expect([french, german, both].map(({ text }) => text)).to.deep.equal(['fr', 'de', 'fr, de'])
    expectOwnRuns(french, german, both, await ask('/l'))
    expectOneRun(french, await say('  fr  ', 'aCCept-language'))
    expectOneRun(german, await say('de'))
    expectOneRun(both, await say('fr, de'))
  })

  it('L11: a response that varies from now on puts an end to those from before', async () => {
    const pages: Page = ({ run }) => {
      const headers = { 'Cache-Control': 'public, max-age=60', ETag: '"tag"' }
      return run === 1 ? { headers } : { headers: { ...headers, Vary: 'X-T' } }
    }
    const { ask, clock } = await site({ '/m': pages })
    const say = (value: string) => ask('/m', { headers: { 'X-T': value } })
    const first = await say('1')
    clock.advance(61)
    const second = await say('2')
    const third = await say('1')
    expectOwnRuns(first, second, third)
    expectOneRun(second, await say('2'))
    expectOneRun(third, await say('1'))
  })

  it('L11: a 304 does not take Vary away', async () => {
    const page: Page = ({ run, field }) =>
      field('if-none-match') === undefined
        ? { headers: { ETag: '"tag"', Vary: 'X-T' }, body: `run ${run}` }
        : { status: 304, headers: { ETag: '"tag"' }, body: undefined }
    const { ask, clock } = await site({ '/m': page })
    const say = (value: string) => ask('/m', { headers: { 'X-T': value } })
    expect((await say('1')).text).to.equal('run 1')
    clock.advance(61)
    expect((await say('1')).text).to.equal('run 1')
    expect((await say('2')).text).to.equal('run 3')
  })

  it('L12: leave to read a page across origins is for the origin that asked', async () => {
    const { ask } = await site({
      '/a': visit => ({ headers: { 'Access-Control-Allow-Origin': visit.field('origin') ?? 'https://home.example' } }),
    })
    const evil = await ask('/a', { headers: { Origin: 'https://evil.example' } })
    const good = await ask('/a', { headers: { Origin: 'https://good.example' } })
    const none = await ask('/a')
    expect([evil, good, none].map(each => each.header('access-control-allow-origin'))).to.deep.equal([
      'https://evil.example',
      'https://good.example',
      'https://home.example',
    ])
    expectNowhere('evil.example', await ask('/a'), await ask('/a', { headers: { Origin: 'https://good.example' } }))
  })

  it('L13: nobody is told 304 of what somebody else has', async () => {
    const { layer, who } = signIn(framework)
    const page: Page = () => ({
      headers: { 'Cache-Control': 'max-age=60', ETag: `"${who()}-v1"` },
      body: `page of ${who()}`,
    })
    const { ask } = await site({ '/me': page }, { before: [layer] })
    await ask('/me', alice)
    for (const headers of [{ Cookie: 'u=bob' }, {}, { Cookie: 'u=bob' }]) {
      const answer = await ask('/me', { headers: { ...headers, 'If-None-Match': '"alice-v1"' } })
      expect(answer.status).to.equal(200)
      expectNowhere('alice', answer)
    }
  })

  for (const status of [401, 403, 404, 410]) {
    it(`L14: a ${status} is no failure to be covered up, and ends what is kept for such`, async () => {
      const { ask, clock } = await site({
        '/x': ({ run }) => {
          if (run === 1) return { headers: { 'Cache-Control': 'public, max-age=10, stale-if-error=3600' }, body: 'OLD' }
          if (run === 2 || run === 4) return { status: 500, headers: { 'Cache-Control': '' } }
          return { status, headers: { 'Cache-Control': 'no-store' }, body: 'NO' }
        },
      })
      await ask('/x')
      clock.advance(20)
      expect((await ask('/x')).text).to.equal('OLD')
      expect((await ask('/x')).status).to.equal(status)
      expect((await ask('/x')).status).to.equal(500)
    })
  }

  it('L15: two applications in one process share nothing', async () => {
    const [one, other] = [
      await site({ '/x': () => ({ body: 'one' }) }),
      await site({ '/x': () => ({ body: 'other' }) }),
    ]
    expect((await one.ask('/x')).text).to.equal('one')
    expect((await other.ask('/x')).text).to.equal('other')
  })

  it('L15: no tenant can be spelt so that it is another', async () => {
    type Subject = { get(name: string): string | undefined }
    const said = (name: string) => (subject: never) => decodeURIComponent((subject as Subject).get(name) ?? '')
    const { ask } = await site({}, { route: { scope: said('x-scope'), key: said('x-key') }, rest: () => ({}) })
    const answers = []
    for (const [scope, key] of [
      ['app:1', '1'],
      ['app:11', ''],
      ['app', ':11'],
      ['a', 'a'],
      ['', 'aa'],
      ['aa', ''],
      ['x%0Ak1:y', 'z'],
      ['x', 'y%0As1:z'],
      ['x', 'y%0As1:z%0As1:x'],
      ['z%0As1:x', 'y'],
    ] as const) {
      answers.push(await ask('/x', { headers: { 'X-Scope': scope, 'X-Key': key } }))
    }
    expectOwnRuns(...answers)
  })

  it('L17: what was purged while the switch was off stays away when it is on again', async () => {
    let mode: Mode = 'on'
    let text = 'OLD'
    const { ask, cache } = await site(
      { '/x': () => ({ body: text }), '/y': () => ({ body: text }) },
      { store: { flags: { mode: () => mode } }, rest: () => ({ status: 204, headers: { 'Cache-Control': '' } }) },
    )
    await ask('/x')
    await ask('/y')
    mode = 'bypass'
    text = 'NEW'
    expect((await ask('/x')).text).to.equal('NEW')
    await cache.invalidatePattern('/x')
    await ask('/y', { method: 'POST' })
    mode = 'on'
    expect((await ask('/x')).text).to.equal('NEW')
    expect((await ask('/y')).text).to.equal('NEW')
  })
})
