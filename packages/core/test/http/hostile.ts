// Inputs that make careless parsers slow or sorry, and how long a parser takes over them.

import { expect } from 'chai'
import fc from 'fast-check'

const SIZE = 65_536

const seeds = [
  ',',
  ' ',
  '\t',
  '"',
  '\\',
  '=',
  ';',
  '*',
  '-',
  '9',
  'a',
  'a,',
  'a ,',
  ', ',
  '"\\',
  '"\\\\',
  '\\"',
  'a="',
  'a="b',
  'a="b",',
  'max-age=1,',
  'max-age=9',
  'private="a" ',
  'gzip;q=0.5,',
  'gzip;',
  'q=0.',
  'W/',
  'W/"',
  'W/"a",',
  '"a", ',
  '"a',
  '0-1,',
  'bytes=0-1,',
  'Thu, ',
  '/..',
  '/.',
  '%2e',
  '%',
  '\u00ff',
  '\u0000',
  'accept,',
  'larder;hit, ',
  'x"y, ',
]

/** 64 KiB of each seed, alone and behind a good beginning. */
export function hostileInputs(beginning = ''): string[] {
  return seeds.flatMap(seed => {
    const flood = seed.repeat(Math.ceil(SIZE / seed.length))
    return [flood, beginning + flood, `${flood}"`, flood + beginning]
  })
}

/** Any text, with more of what headers are made of than chance would give. */
export function headerText(): fc.Arbitrary<string> {
  const piece = fc.oneof(fc.constantFrom(...seeds), fc.string(), fc.string({ unit: 'binary' }))
  return fc.array(piece, { maxLength: 12 }).map(pieces => pieces.join(''))
}

/** Declare the two tests that every parser has: it answers whatever comes, and in time. */
export function itIsTotalAndLinear(parse: (text: string) => unknown, beginning = ''): void {
  it('answers whatever comes', () => {
    fc.assert(
      fc.property(headerText(), text => {
        parse(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes less than 2 ms for 64 KiB', () => {
    for (const input of hostileInputs(beginning)) {
      const took = fastest(() => parse(input))
      expect(took, JSON.stringify(input.slice(0, 24))).to.be.below(2)
    }
  })
}

/** The best of many runs, in milliseconds: what the work takes when it is compiled and nothing else disturbs. */
function fastest(work: () => unknown): number {
  let best = Infinity
  for (let run = 0; run < 500 && best >= 2; run++) {
    const start = process.hrtime.bigint()
    work()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1e6)
  }
  return best
}
