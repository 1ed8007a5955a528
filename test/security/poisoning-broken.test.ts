// Class P — What breaks half way is not kept, and whoever waits for it goes on.

import { Readable } from 'node:stream'
import { expect } from 'chai'
import { expectOneRun, expectOwnRuns, gate, type Page, settle, vectors } from './site.ts'

/** 10,240 bytes, in ten pieces. */
const pieces = Array.from({ length: 10 }, (_, i) => String(i).repeat(1024))
const whole = pieces.join('')

vectors('poisoning by what breaks', (site, framework) => {
  it('control: a stream that comes to its end is kept', async () => {
    const { ask } = await site({ '/p': () => ({ body: Readable.from(pieces) }) })
    const answers = [await ask('/p'), await ask('/p')]
    expectOneRun(...answers)
    expect(answers[1]!.text).to.equal(whole)
  })

  for (const declared of [1000, 100]) {
    it(`P11: 400 bytes that were said to be ${declared} are not kept`, async () => {
      const { open, ask } = await site({
        '/p': ({ run }) =>
          run === 1
            ? { headers: { 'Content-Length': String(declared) }, body: Readable.from(['x'.repeat(400)]) }
            : { body: whole },
      })
      const odd = open('/p')
      await odd.head
      await settle()
      odd.leave()
      expect((await ask('/p')).text).to.equal(whole)
    })
  }

  /** Half of the page, then nothing good; the next runs are whole. */
  function halfThen(end: (out: { destroy(): void }) => void): Page {
    return {
      express(_req, res, run) {
        if (run === 1) {
          res.write(whole.slice(0, 5000))
          setTimeout(() => end(res), 20)
        } else res.send(whole)
      },
      koa(ctx, run) {
        if (run > 1) {
          ctx.body = whole
          return
        }
        const body = new Readable({ read() {} })
        body.push(whole.slice(0, 5000))
        ctx.body = body
        setTimeout(() => end(body), 20)
      },
    }
  }

  it('P12: a handler that destroys its answer half way leaves no half page, and nobody waiting', async () => {
    const { open } = await site({ '/p': halfThen(out => out.destroy()) })
    const first = open('/p')
    await first.head
    const others = [open('/p'), open('/p')]
    expect((await first.done).complete).to.equal(false)
    for (const other of others) expect((await other.done).text).to.equal(whole)
  })

  it('P13: a client that leaves half way leaves no half page', async () => {
    const { open, ask } = await site({ '/p': ({ run }) => ({ body: slowly(run === 1) }) })
    const first = open('/p')
    await first.has('0')
    first.leave()
    const second = await ask('/p')
    expect(second.text).to.equal(whole)
    expect((await ask('/p')).text).to.equal(whole)
  })

  it('P14: those who wait for a client that has left are all answered', async () => {
    const { open } = await site({ '/p': () => ({ body: slowly(true) }) })
    const first = open('/p')
    await first.has('0')
    const others = Array.from({ length: 5 }, () => open('/p'))
    await settle(20)
    first.leave()
    const startedAt = performance.now()
    for (const other of others) expect((await other.done).text).to.equal(whole)
    expect(performance.now() - startedAt).to.be.below(1500)
  })

  it('P15: a handler that throws after its first bytes leaves no half page, and nobody waiting', async () => {
    const late = async function* () {
      yield whole.slice(0, 5000)
      await settle(20)
      throw new Error('late')
    }
    const page: Page = ({ run }) => ({ body: run === 1 ? Readable.from(late()) : whole })
    const { open } = await site({ '/p': page })
    const first = open('/p')
    await first.head
    const other = open('/p')
    await first.done.catch(() => undefined)
    expect((await other.done).text).to.equal(whole)
  })

  it('P15: nor does one that writes by hand and throws', async () => {
    const thrown = gate()
    const page: Page = {
      express(_req, res, run) {
        if (run > 1) return res.send(whole)
        res.write(whole.slice(0, 5000))
        throw new Error('late')
      },
      async koa(ctx, run) {
        ctx.body = whole
        if (run > 1) return
        ctx.res.write(whole.slice(0, 5000))
        await settle(20)
        thrown.open()
        throw new Error('late')
      },
    }
    const { open, ask } = await site({ '/p': page })
    const first = open('/p')
    await first.head
    const startedAt = performance.now()
    expect((await open('/p').done).text).to.equal(whole)
    expect(performance.now() - startedAt).to.be.below(1000)
    if (framework.family === 'koa') await thrown.opened
    first.leave()
    expect((await ask('/p')).text).to.equal(whole)
  })

  it('P15: nor does one that throws before them', async () => {
    const { open, ask } = await site({
      '/p': async ({ run }) => {
        if (run > 1) return { body: whole }
        await settle()
        throw new Error('early')
      },
    })
    const first = open('/p')
    await settle(10)
    const other = open('/p')
    expect((await first.done).status).to.equal(500)
    expect((await other.done).text).to.equal(whole)
    expect((await ask('/p')).text).to.equal(whole)
  })

  it('P16: a handler that hangs holds nobody for more than two seconds, and what it says at last replaces nothing', async () => {
    const hanging = gate()
    const { open, ask } = await site({
      '/p': async ({ run }) => {
        if (run === 1) await hanging.opened
        return { body: run === 1 ? 'OLD' : 'NEW' }
      },
    })
    const first = open('/p', { waitMs: 8000 })
    await settle(20)
    const startedAt = performance.now()
    const second = await open('/p', { waitMs: 8000 }).done
    expect(second.text).to.equal('NEW')
    expect(performance.now() - startedAt).to.be.below(2500)
    const third = await ask('/p')
    hanging.open()
    expect((await first.done).text).to.equal('OLD')
    expectOneRun(second, third, await ask('/p'))
  })

  it('P19: a stream of events is let through at once, to each its own, and not kept', async () => {
    const ends: Readable[] = []
    const page: Page = ({ run }) => {
      const events = new Readable({ read() {} })
      events.push(`data: event of run ${run}\n\n`)
      ends.push(events)
      return { headers: { 'Content-Type': 'text/event-stream' }, body: events }
    }
    const { open } = await site({ '/sse': page })
    const asking = { headers: { Accept: 'text/event-stream' } }
    const streams = [open('/sse', asking), open('/sse', asking)]
    await Promise.all([streams[0]!.has('event of run'), streams[1]!.has('event of run')])
    for (const each of ends) each.push(null)
    expectOwnRuns(await streams[0]!.done, await streams[1]!.done)
  })

  it('P19: an upgrade passes by, and early hints reach the one who runs the handler', async () => {
    const page: Page = {
      express(_req, res) {
        res.writeEarlyHints({ link: '</style.css>; rel=preload' })
        res.send(whole)
      },
      koa(ctx) {
        ctx.res.writeEarlyHints({ link: '</style.css>; rel=preload' })
        ctx.body = whole
      },
    }
    const { ask } = await site({ '/p': page, '/up': () => ({}) })
    const [first, second] = [await ask('/p'), await ask('/p')]
    expectOneRun(first, second)
    expect([first.interim.length, second.interim.length]).to.deep.equal([1, 0])
    const upgrading = { headers: { Connection: 'Upgrade', Upgrade: 'websocket' } }
    expectOwnRuns(await ask('/up', upgrading), await ask('/up'), await ask('/up', upgrading))
  })

  it('P24: a field that would be two is not sent, and spoils nothing', async () => {
    const { ask } = await site({
      '/p': ({ run }) => (run === 1 ? { headers: { 'X-A': 'a\r\nSet-Cookie: p=1' } } : { body: whole }),
    })
    const odd = await ask('/p')
    expect([odd.status, odd.header('set-cookie')]).to.deep.equal([500, undefined])
    expect((await ask('/p')).text).to.equal(whole)
  })
})

/** The pieces, a few milliseconds apart, or all at once. */
function slowly(isSlow: boolean): Readable {
  return Readable.from(
    (async function* () {
      for (const piece of pieces) {
        yield piece
        if (isSlow) await settle(8)
      }
    })(),
  )
}
