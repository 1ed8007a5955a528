// How long a response is fresh: nothing that makes it older, or harder to read, makes it live longer.

import { expect } from 'chai'
import fc from 'fast-check'
import { linesOf, type Script, script } from './arbitrary.ts'
import { type Lines, readDirectives } from './oracle.ts'
import { atOneMoment, patience, runs } from './runs.ts'
import { createWorld } from './world.ts'

const CASES = 500
const preset = fc.constantFrom('default' as const, 'rfc9111' as const)

/** For how many seconds the response is given to others, stale ones not counted; 0 when it is not stored. */
function freshLife(preset: 'default' | 'rfc9111', status: number, lines: Lines): number {
  const world = createWorld({
    preset,
    ttl: '1m',
    handler(run) {
      run.head(status, lines)
      run.end()
    },
  })
  world.ask('GET', '/')
  const ttl = /^hit; ttl=(\d+)$/.exec(world.ask('GET', '/').answer!.said)
  return ttl === null ? 0 : Number(ttl[1])
}

const without = (name: string, { lines, ...script }: Script): Script => ({
  ...script,
  lines: lines.filter(([each]) => each.toLowerCase() !== name),
})

describe('freshness', () => {
  it('never grows by a larger Age', function () {
    this.timeout(patience(CASES))
    const check = fc.property(preset, script, fc.nat(70), fc.nat(70), (preset, script, age, more) => {
      atOneMoment(() => {
        const lines = linesOf(without('age', script), Date.now())
        const life = (seconds: number) => freshLife(preset, script.status, [...lines, ['Age', String(seconds)]])
        expect(life(age + more)).to.be.at.most(life(age))
      })
    })
    fc.assert(check, runs(CASES))
  })

  it('never grows by an earlier Date, but where Expires is counted from it', function () {
    this.timeout(patience(CASES))
    const check = fc.property(preset, script, fc.nat(90), fc.nat(90), (preset, script, ago, more) => {
      atOneMoment(() => {
        const hasLifetime = script.lines.some(
          ([name, value]) => /cache-control$/i.test(name) && /max-?age=/i.test(value),
        )
        const life = (seconds: number) => {
          const lines = linesOf({ ...script, date: -seconds, lastModified: undefined }, Date.now())
          return freshLife(preset, script.status, lines)
        }
        const { expires } = script
        if (expires === undefined || hasLifetime) expect(life(ago + more)).to.be.at.most(life(ago))
        // §4.2.3 takes the greater of two ages, so an Age may hide that of an earlier Date; Expires still is the end.
        else expect(life(ago + more)).to.be.at.most(Math.max(0, Number(expires) || 0))
      })
    })
    fc.assert(check, runs(CASES))
  })

  it('never grows by a directive that is said again', function () {
    this.timeout(patience(CASES))
    const again = fc.constantFrom(
      'max-age=1',
      'max-age=60',
      'max-age=99999',
      's-maxage=60',
      's-maxage=99999',
      'max-age',
      'max-age=x',
    )
    const check = fc.property(
      preset,
      script,
      fc.array(again, { minLength: 1, maxLength: 3 }),
      (preset, script, more) => {
        atOneMoment(() => {
          const lines = linesOf(without('cdn-cache-control', script), Date.now())
          const own = lines.filter(([name]) => name.toLowerCase() === 'cache-control').map(([, value]) => value)
          const said = readDirectives(own.join(', '))
          const repeated = more.filter(each => said?.has(each.split('=')[0]!))
          if (own.length === 0) return
          const life = (extra: Lines) => freshLife(preset, script.status, [...lines, ...extra])
          expect(life(repeated.map(each => ['Cache-Control', each] as const))).to.be.at.most(life([]))
        })
      },
    )
    fc.assert(check, runs(CASES))
  })

  it('never grows by junk behind a Cache-Control that could be read', function () {
    this.timeout(patience(CASES))
    const piece = fc.oneof(
      fc.constantFrom('"', '\\', '=', ';', ',', ' ', 'x', '="', '",', 'é', '@', 'private', 'no-store'),
      fc.string({ maxLength: 3 }),
    )
    const junk = fc
      .tuple(fc.constantFrom(',', ' ', '\t', ';', ', '), fc.array(piece, { maxLength: 5 }))
      .map(([first, rest]) => first + rest.join(''))
      .filter(text => !/age|public|must|stale/i.test(text))
    const control = script.map(({ lines }) =>
      lines
        .filter(([name]) => /^cache-control$/i.test(name))
        .map(([, value]) => value)
        .join(', '),
    )
    const check = fc.property(preset, control, junk, (preset, control, junk) => {
      if (control === '' || readDirectives(control) === undefined) return
      const life = (value: string) => freshLife(preset, 200, [['Cache-Control', value]])
      expect(life(control + junk)).to.be.at.most(life(control))
    })
    fc.assert(check, runs(CASES))
  })
})
