// What cannot be meant is an error when the middleware is made, and says what to write.

import { createCache } from '@larder/core'
import { expect } from 'chai'
import { frameworks } from './frameworks.ts'

const wrong: readonly (readonly [options: unknown, code: string, message: RegExp])[] = [
  [{ tll: '1m' }, 'LARDER_UNKNOWN_OPTION', /did you mean 'ttl'/],
  [{ staleWhileRevalidat: '1m' }, 'LARDER_UNKNOWN_OPTION', /did you mean 'staleWhileRevalidate'/],
  [{ Vary: ['x'] }, 'LARDER_UNKNOWN_OPTION', /did you mean 'vary'/],
  [{ entirelyElse: 1 }, 'LARDER_UNKNOWN_OPTION', /known are ttl,/],
  [{ query: { alow: [] } }, 'LARDER_UNKNOWN_OPTION', /did you mean 'allow'/],
  [300000, 'LARDER_INVALID_DURATION', /milliseconds/],
  [{ ttl: 300000 }, 'LARDER_INVALID_DURATION', /milliseconds/],
  [{ staleIfError: 3600000 }, 'LARDER_INVALID_DURATION', /milliseconds/],
  ['5 minutes', 'LARDER_INVALID_DURATION', /5 minutes/],
  ['60', 'LARDER_INVALID_DURATION', /60/],
  [-1, 'LARDER_INVALID_DURATION', /-1/],
  [Number.NaN, 'LARDER_INVALID_DURATION', /NaN/],
  [{ ttl: null }, 'LARDER_INVALID_DURATION', /null/],
  [{ tags: 'users' }, 'LARDER_INVALID_OPTION', /tags: 'users' given, expected an array of strings, or a function/],
  [{ key: 'users' }, 'LARDER_INVALID_OPTION', /key: .* expected a function/],
  [{ scope: true }, 'LARDER_INVALID_OPTION', /scope/],
  [{ public: 'yes' }, 'LARDER_INVALID_OPTION', /public: 'yes' given, expected true or false/],
  [{ methods: ['POST'] }, 'LARDER_INVALID_OPTION', /'POST' given, expected 'GET' or 'HEAD'/],
  [{ maxBodyBytes: -1 }, 'LARDER_INVALID_OPTION', /maxBodyBytes/],
  [{ maxBodyBytes: '1mb' }, 'LARDER_INVALID_OPTION', /maxBodyBytes: '1mb' given/],
  [{ vary: 'Accept' }, 'LARDER_INVALID_OPTION', /vary: 'Accept' given, expected an array of strings/],
  [{ preset: 'fast' }, 'LARDER_INVALID_OPTION', /'default' or 'rfc9111'/],
  [{ clientDirectives: true }, 'LARDER_INVALID_OPTION', /'ignore' or 'obey'/],
  [{ cache: 'redis' }, 'LARDER_INVALID_OPTION', /cache: 'redis' given/],
  [null, 'LARDER_INVALID_OPTION', /null given, expected a plain object/],
  [() => 60, 'LARDER_INVALID_OPTION', /a function given, expected a plain object/],
]

const right: readonly unknown[] = [
  undefined,
  {},
  60,
  0,
  '250ms',
  '1h',
  { ttl: undefined, tags: undefined },
  { ttl: '5m', staleWhileRevalidate: '10m', staleIfError: '1d', softTimeout: '100ms', clientTtl: 0 },
  { cache: createCache(), query: { allow: ['a'], ignore: ['utm_*'], sort: true }, methods: ['GET'] },
]

for (const framework of frameworks) {
  describe(`${framework.name}: responseCache() when it is made`, () => {
    const make = framework.door.responseCache as (options: unknown) => { name: string }

    for (const [options, code, message] of wrong) {
      it(`${show(options)} → ${code}`, () => {
        expect(() => make(options))
          .to.throw(message)
          .with.property('code', code)
      })
    }

    for (const options of right) {
      it(`${show(options)} will do`, () => {
        expect(make(options).name).to.equal('responseCache')
      })
    }
  })
}

function show(options: unknown): string {
  if (typeof options === 'function') return 'a function'
  return (
    JSON.stringify(options, (key, value) => (key === 'cache' && typeof value === 'object' ? '…' : value)) ?? 'nothing'
  )
}
