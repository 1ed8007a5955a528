// Every function that reads a field, a target or a query, with the words of its grammar. Instants and clocks stand still.

import { carriesCredentials, cookieMatcher } from '../../packages/core/src/credentials.ts'
import { parseCacheControl } from '../../packages/core/src/http/cache-control.ts'
import { formatCacheStatus } from '../../packages/core/src/http/cache-status.ts'
import { trimSpace } from '../../packages/core/src/http/characters.ts'
import { acceptsCoding, preferredCoding } from '../../packages/core/src/http/content-coding.ts'
import { parseHttpDate, parseImfFixdate } from '../../packages/core/src/http/date.ts'
import { parseDeltaSeconds } from '../../packages/core/src/http/delta-seconds.ts'
import { isEntityTag, matchesList, strongMatch, weakMatch } from '../../packages/core/src/http/entity-tag.ts'
import { parseRange } from '../../packages/core/src/http/range.ts'
import { selectQuery } from '../../packages/core/src/key.ts'
import { currentAge, initialAge } from '../../packages/core/src/policy/age.ts'
import { responseDirectives } from '../../packages/core/src/policy/directives.ts'
import { storableFields } from '../../packages/core/src/policy/fields.ts'
import { cacheGroups, invalidatedGroups } from '../../packages/core/src/policy/groups.ts'
import { invalidatedTargets } from '../../packages/core/src/policy/invalidating.ts'
import { requestRefusal } from '../../packages/core/src/policy/normal-request.ts'
import { normalisedPreference } from '../../packages/core/src/policy/preference.ts'
import { selectRange } from '../../packages/core/src/policy/ranges.ts'
import { decide } from '../../packages/core/src/policy/reuse.ts'
import { storeRefusal } from '../../packages/core/src/policy/storing.ts'
import { parseTargeted } from '../../packages/core/src/policy/targeted.ts'
import { readTerms } from '../../packages/core/src/policy/terms.ts'
import {
  conditionalFor,
  freshen,
  hasValidator,
  isNotModified,
  notModifiedHeaders,
  validates,
} from '../../packages/core/src/policy/validation.ts'
import { impliedVary, variantOf, variesBy, varyNames } from '../../packages/core/src/policy/vary.ts'

const NOW = Date.UTC(2026, 0, 15, 12)
const DATE = 'Thu, 15 Jan 2026 11:59:30 GMT'

const directives = [
  ...[
    'no-store',
    'no-cache',
    'private',
    'public',
    'must-revalidate',
    'proxy-revalidate',
    'must-understand',
    'immutable',
  ],
  ...[
    'no-transform',
    'only-if-cached',
    'max-age=60',
    's-maxage=10',
    'max-age="5"',
    'max-age=-1',
    'max-age',
    'max-stale',
  ],
  ...[
    'max-age=99999999999999999999',
    'stale-while-revalidate=30',
    'stale-if-error=30',
    'min-fresh=1',
    'private="a, b"',
  ],
  ...[
    'no-cache="\\""',
    'MAX-AGE=1',
    'max-age=1.5',
    'public=1',
    'ext="',
    'x=y',
    'max-age=?1',
    'max-age=1;p',
    'private=?0',
  ],
]
const dates = [
  ...[
    DATE,
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
    'Thu, 31 Feb 2026 24:00:00 GMT',
    'Thu,',
    'GMT',
  ],
  ...['15', 'Jan', '2026', '99', '23:59:60', '00:00:00', '0000', 'Thursday', '+0000', 'UTC', '0', '-1'],
]
const tags = ['"a"', 'W/"a"', '"', 'W/', '*', '"a,b"', '"\\"', 'w/"a"', '""', '"\u00ff"', 'a']
const codings = [
  'gzip',
  'br',
  '*',
  'identity',
  'x-gzip',
  ';q=0',
  ';q=1',
  ';q=0.5',
  ';q=0.1234',
  '; q = 1',
  ';q=',
  'deflate',
  ';x=y',
]
const ranges = ['bytes=', 'bytes=0-1', '0-', '-1', '9999999999999999999999', 'items=', 'BYTES=', '0-0,-1', '2-1']
const names = ['accept', 'Accept-Language', 'cookie', 'X-A', 'origin', '*', 'host', 'a b', 'authorization', '__proto__']
const statuses = [
  'larder; hit',
  'larder',
  'larderx',
  'edge; hit; ttl=1',
  '"a, larder"',
  'detail="x',
  'close',
  'x-a',
  'keep-alive',
]
const targets = [
  ...[
    '/',
    '/a',
    '//',
    '/..',
    '/.',
    '%2e',
    '%2E%2e',
    '%2f',
    '\\',
    '#',
    '?',
    '&',
    '=',
    'http://h.example',
    'http://evil.example:80',
  ],
  ...[
    'https://h.example/b',
    '/a?b=c',
    '../x',
    '?q',
    '@',
    ':80',
    '[::1]',
    'javascript:',
    'data:,',
    '+',
    'utm_source',
    'a[]=1',
    '%zz',
  ],
]
const hosts = ['h.example', ':80', '[::1]', 'a@b', 'h/p', '..', '-', '_', ',', 'localhost', '127.0.0.1']
const groups = ['"a"', '"b c"', '"', '"a";x=1', 'a', '1', '("a" "b")', '?1', ':YQ==:', '"\\""', ';a', '*']
const cookies = ['_ga=1', 'sid=x', ';', '; ', '=', '_ga', '_pk_id.1=x', '"', 'a=b=c', '__proto__=1']
const types = ['text/event-stream', 'text/html', '; charset=utf-8', 'TEXT/EVENT-STREAM', 'text/event-streams']
const preferences = [
  'fr',
  'de-CH',
  '*',
  ';q=0.5',
  ';q=0',
  '; q=1.000',
  'text/html',
  'text/*',
  '*/*',
  ';level=1',
  'FR',
  ';q=2',
]

const messages = [...tags, ...names, '\n', 'ETag: ', 'Last-Modified: ', `Last-Modified: ${DATE}`]

const presets = ['default', 'rfc9111']
const policies = presets.map(preset => ({
  preset,
  ttlMs: preset === 'default' ? 60_000 : undefined,
  staleWhileRevalidateMs: 1000,
  staleIfErrorMs: 2000,
  clientDirectives: preset === 'default' ? 'ignore' : 'obey',
}))
const ignored = cookieMatcher(['x*'])
const tagged = ['ETag', '"a"', 'Last-Modified', DATE, 'Date', DATE]

/** A whole response: one text says all that it says. */
function judge(headers, status = 200) {
  const response = { status, headers }
  return policies.map(policy => {
    const terms = readTerms(response, policy, NOW)
    return [terms, storeRefusal({ method: 'GET', headers: { authorization: 'x' } }, response, policy, terms)]
  })
}

const request = { method: 'GET', target: '/a', headers: { host: 'h.example' }, rawHeaders: ['Host', 'h.example'] }
const fresh = {
  freshnessLifetimeMs: 5000,
  staleWhileRevalidateMs: 1000,
  staleIfErrorMs: 1000,
  mustRevalidate: false,
  noCache: false,
}

function reuse(headers) {
  const timing = { initialAgeMs: 0, respondedAt: NOW - 4000 }
  const stored = { status: 200, headers: tagged, terms: fresh, timing, soft: false }
  return policies.map(policy => decide({ method: 'GET', headers }, stored, { ...policy, staleOnly: false }, NOW))
}

/** A text as the field lines that it could be. */
function lines(text) {
  return text.split('\n', 1000).flatMap(line => {
    const colon = line.indexOf(':')
    return colon < 0 ? ['Connection', line] : [line.slice(0, colon), line.slice(colon + 1)]
  })
}

/**
 * `calls` says how often the whole text is read where it is more than once: what is limited is the time of each.
 *
 * @type {{ name: string, words: string[], calls?: number, read: (text: string) => unknown }[]}
 */
export const readers = [
  { name: 'Cache-Control', words: directives, read: parseCacheControl },
  { name: 'CDN-Cache-Control', words: directives, read: parseTargeted },
  {
    name: 'directives of a response',
    calls: 2,
    words: directives,
    read: text =>
      presets.map(preset =>
        responseDirectives(['Cache-Control', text, 'CDN-Cache-Control', text, 'Pragma', text], preset),
      ),
  },
  {
    name: 'terms by Cache-Control',
    calls: 4,
    words: directives,
    read: text => judge(['Cache-Control', text, 'Cache-Control', 'max-age=1']),
  },
  {
    name: 'terms by Expires and Date',
    calls: 4,
    words: dates,
    read: text => judge(['Expires', text, 'Date', text, 'Last-Modified', text]),
  },
  {
    name: 'terms by Vary',
    calls: 4,
    words: names,
    read: text => judge(['Vary', text, 'Cache-Control', 'public, max-age=1']),
  },
  {
    name: 'terms by Content-Type',
    calls: 4,
    words: types,
    read: text => judge(['Content-Type', text, 'Cache-Control', 'public, max-age=1']),
  },
  { name: "a client's Cache-Control", calls: 2, words: directives, read: text => reuse({ 'cache-control': text }) },
  { name: "a client's Pragma", calls: 2, words: directives, read: text => reuse({ pragma: text }) },
  { name: 'Cache-Status detail', words: statuses, read: text => formatCacheStatus({ hit: true, detail: text }) },
  {
    name: 'Cache-Status and Connection',
    calls: 2,
    words: statuses,
    read: text => storableFields(['Connection', text, 'Cache-Status', text, 'X-A', 'b']),
  },
  {
    name: 'field lines',
    words: [...statuses, ...names, '\n', ': ', 'Connection: '],
    read: text => storableFields(lines(text), 'rfc9111'),
  },
  { name: 'fields of a 304', words: messages, read: text => freshen(tagged, lines(text)) },
  { name: 'fields before a 304', words: messages, read: text => freshen(lines(text), tagged) },
  { name: 'fields sent with a 304', words: messages, read: text => notModifiedHeaders(lines(text)) },
  {
    name: 'what a 304 speaks of',
    words: messages,
    read: text => validates({ headers: tagged }, { headers: lines(text) }),
  },
  {
    name: 'validators',
    calls: 2,
    words: [...tags, ...dates],
    read: text => [conditionalFor({ headers: ['ETag', text, 'Last-Modified', text] }), hasValidator(['ETag', text])],
  },
  { name: 'white space', words: [' ', '\t', 'a', '\v'], read: trimSpace },
  {
    name: 'Accept-Encoding',
    calls: 2,
    words: codings,
    read: text => [acceptsCoding(text, 'gzip'), preferredCoding(text, ['br', 'gzip', 'identity'])],
  },
  { name: 'HTTP-date', calls: 2, words: dates, read: text => [parseHttpDate(text, NOW), parseImfFixdate(text)] },
  { name: 'delta-seconds', words: ['0', '1', '9', '2147483648', '-', '.'], read: parseDeltaSeconds },
  {
    name: 'entity tag',
    calls: 3,
    words: tags,
    read: text => [isEntityTag(text), strongMatch(text, text), weakMatch(text, `W/${text}`)],
  },
  {
    name: 'list of entity tags',
    calls: 2,
    words: tags,
    read: text => [matchesList(text, '"a"', weakMatch), matchesList(text, text.slice(-9), strongMatch)],
  },
  { name: 'Range', words: ranges, read: text => parseRange(text, 1000) },
  {
    name: 'Range and If-Range',
    calls: 2,
    words: [...ranges, ...tags, ...dates],
    read: text => [
      selectRange(
        { method: 'GET', headers: { range: 'bytes=0-1', 'if-range': text } },
        { status: 200, headers: tagged },
        1000,
      ),
      selectRange(
        { method: 'GET', headers: { range: text, 'accept-encoding': text } },
        { status: 200, headers: ['Vary', text] },
        1000,
      ),
    ],
  },
  {
    name: 'If-None-Match and If-Modified-Since',
    calls: 2,
    words: [...tags, ...dates],
    read: text => [
      isNotModified({ method: 'GET', headers: { 'if-none-match': text } }, { status: 200, headers: tagged }, NOW),
      isNotModified({ method: 'GET', headers: { 'if-modified-since': text } }, { status: 200, headers: tagged }, NOW),
    ],
  },
  {
    name: 'Age and Date',
    words: [...dates, '0', '60', ',', '99999999999'],
    read: text => {
      const initialAgeMs = initialAge({ status: 200, headers: ['Age', text, 'Date', text] }, NOW, NOW, NOW)
      return currentAge({ initialAgeMs, respondedAt: NOW }, NOW + 1000)
    },
  },
  {
    name: 'Vary',
    calls: 2,
    words: names,
    read: text => [varyNames(['Vary', text]), variesBy(['Vary', text], 'accept')],
  },
  {
    name: 'variant',
    calls: 3,
    words: preferences,
    read: text =>
      variantOf(['accept', 'accept-language', 'x-a'], { accept: text, 'accept-language': text, 'x-a': text }),
  },
  {
    name: 'preference',
    calls: 2,
    words: preferences,
    read: text => [normalisedPreference('accept', text), normalisedPreference('accept-encoding', text)],
  },
  {
    name: 'Access-Control-Allow-Origin',
    words: ['*', ' ', 'http://a'],
    read: text => impliedVary({ status: 200, headers: ['Access-Control-Allow-Origin', text] }),
  },
  {
    name: 'Location',
    calls: 2,
    words: targets,
    read: text =>
      invalidatedTargets('POST', 201, '/a/b', 'http://h.example', [
        'Location',
        text,
        'Content-Location',
        text.slice(1),
      ]),
  },
  {
    name: 'target',
    calls: 2,
    words: targets,
    read: text => [requestRefusal({ ...request, target: text }), requestRefusal({ ...request, target: `/${text}` })],
  },
  {
    name: 'Host',
    words: hosts,
    read: text => requestRefusal({ ...request, headers: { host: text, connection: text } }),
  },
  {
    name: 'raw field lines',
    words: [...hosts, '\n', 'Host:', 'host:'],
    read: text => requestRefusal({ ...request, rawHeaders: lines(text) }),
  },
  { name: 'query', words: targets, read: text => selectQuery(`/a?${text}`, { ignore: ['utm_*', 'a'], sort: true }) },
  { name: 'allowed query', words: targets, read: text => selectQuery(`/a?${text}`, { allow: ['a', 'b'] }) },
  { name: 'Cache-Groups', words: groups, read: text => cacheGroups(['Cache-Groups', text]) },
  {
    name: 'Cache-Group-Invalidation',
    words: groups,
    read: text => invalidatedGroups('POST', 204, ['Cache-Group-Invalidation', text]),
  },
  { name: 'Cookie', words: cookies, read: text => carriesCredentials({ cookie: text }, ignored) },
]
