// What the properties and the fuzz script have found, each as the least case that showed it.

import { expect } from 'chai'
import type { Lines } from './oracle.ts'
import { createWorld, type World } from './world.ts'

function pages(lines: Lines = []): World {
  return createWorld({
    ttl: '1m',
    query: { allow: ['a'] },
    handler(run) {
      run.head(200, [...lines, ['ETag', '"a"']])
      run.write('page')
      run.end()
    },
  })
}

/** The least time of many that a request takes, in milliseconds. */
function fastest(world: World, target: string, lines: Lines): number {
  let least = Number.POSITIVE_INFINITY
  for (let i = 0; i < 100 && least >= 2; i++) {
    const began = performance.now()
    world.ask('GET', target, lines)
    least = Math.min(least, performance.now() - began)
  }
  return least
}

describe('found by properties and by fuzzing', () => {
  it('a query of 64 KiB is not taken apart: decoding it took 3 ms', () => {
    const world = pages()
    expect(fastest(world, `/?${'+'.repeat(65_536)}=1`, [])).to.be.below(2)
    // What is too long to be read is its own.
    world.ask('GET', '/?a=1')
    expect(world.ask('GET', '/?a=1&b=2').run).to.equal(undefined)
    expect(world.ask('GET', `/?a=1&b=${'x'.repeat(8192)}`).run).not.to.equal(undefined)
  })

  it('a Cookie field of 64 KiB counts as credentials, unread: splitting it took 2.6 ms', () => {
    const world = pages()
    expect(fastest(world, '/', [['Cookie', ';'.repeat(65_536)]])).to.be.below(2)
    expect(world.ask('GET', '/', [['Cookie', '; '.repeat(4096)]]).answer!.said).not.to.include('credentials')
    expect(world.ask('GET', '/', [['Cookie', '; '.repeat(4097)]]).answer!.said).to.include('credentials')
  })

  it('a list of entity tags of 64 KiB names none: comparing its members took 2.2 ms', () => {
    const world = pages()
    world.ask('GET', '/')
    expect(fastest(world, '/', [['If-None-Match', '"",'.repeat(21_845)]])).to.be.below(2)
    expect(world.ask('GET', '/', [['If-None-Match', `${'"b",'.repeat(2000)}"a"`]]).answer!.status).to.equal(304)
    expect(world.ask('GET', '/', [['If-None-Match', `${'"b",'.repeat(2100)}"a"`]]).answer!.status).to.equal(200)
  })

  it('of two CDN-Cache-Control lines the last says how long, as in any dictionary', () => {
    const world = pages([
      ['CDN-Cache-Control', 'max-age=10, public'],
      ['CDN-Cache-Control', 'max-age=30'],
    ])
    world.ask('GET', '/')
    world.advance(29_999)
    expect(world.ask('GET', '/').run).to.equal(undefined)
    world.advance(1)
    expect(world.ask('GET', '/').run).not.to.equal(undefined)
  })

  it('a page that took longer to make than it is fresh is not waited for one by one', () => {
    let runs = 0
    const world = createWorld({
      collapseTimeout: '1h',
      handler(run) {
        runs++
        run.head(200, [['Cache-Control', 'public, max-age=60']])
        if (runs === 1) first = run
      },
    })
    let first!: Parameters<Parameters<typeof createWorld>[0]['handler']>[0]
    world.ask('GET', '/')
    world.advance(61_000)
    const followers = [world.ask('GET', '/'), world.ask('GET', '/')]
    first.end()
    for (const { run } of followers) expect(run).not.to.equal(undefined)
  })
})
