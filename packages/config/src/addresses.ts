// The kinds of text that say where something is, and what is sent there with it.

import type { RedisNode } from './config.ts'
import { type Kind, kind, matching } from './kinds.ts'

// A name of DNS, an address of IPv4, or one of IPv6: no scheme, no port, no user.
const hostPattern = /^(?:[a-z0-9_](?:[a-z0-9_.-]{0,252}[a-z0-9_.])?|[0-9a-f:.]*:[0-9a-f:.]*(?:%[\w.-]+)?)$/i

export const host: Kind<string> = matching(hostPattern, 'the name or address of a host, without scheme and port')

export const redisUrl: Kind<string> = kind(
  'redis://user:password@host:6379/0, or rediss:// for TLS, with anything special in the password percent-encoded',
  text => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    const fits =
      url &&
      !/\s/.test(text) &&
      /^rediss?:$/.test(url.protocol) &&
      url.hostname !== '' &&
      url.port !== '0' &&
      /^(\/\d*)?$/.test(url.pathname)
    return fits ? { value: text } : undefined
  },
)

export const httpUrl: Kind<string> = kind('http://host or https://host, with port and path where needed', text => {
  const fits = /^https?:\/\/\S+$/i.test(text) && URL.canParse(text) && new URL(text).hash === ''
  return fits ? { value: text } : undefined
})

/** Hosts with their ports. */
export function nodes(defaultPort: number): Kind<readonly RedisNode[]> {
  const expected = `host:port with commas between; without a port it is ${defaultPort}, and IPv6 stands in brackets`
  return kind(expected, text => {
    const value = text.split(',').map(each => readNode(each.trim(), defaultPort))
    return isComplete(value) ? { value } : undefined
  })
}

function readNode(text: string, defaultPort: number): RedisNode | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? []
  const name = bracketed ?? plain
  const port = digits === undefined ? defaultPort : Number(digits)
  if (name === undefined || !hostPattern.test(name) || port < 1 || port > 65_535) return undefined
  return { host: name, port }
}

/** Names with values, as the OpenTelemetry specification writes headers and attributes. The last one of a name holds. */
export const pairs: Kind<Readonly<Record<string, string>>> = kind(
  'name=value with commas between, and anything special in a value percent-encoded',
  text => {
    const found = text
      .split(',')
      .filter(each => each.trim() !== '')
      .map(each => readPair(each.trim()))
    return isComplete(found) ? { value: Object.fromEntries(found) } : undefined
  },
)

function readPair(pair: string): readonly [name: string, value: string] | undefined {
  const [, name, given = ''] = /^([\w.!#$%&'*+^`|~/-]+)\s*=\s*(.*)$/.exec(pair) ?? []
  const value = decode(given)
  return name === undefined || value === undefined || /\p{Cc}/u.test(value) ? undefined : [name, value]
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function isComplete<T>(list: readonly (T | undefined)[]): list is readonly T[] {
  return !list.includes(undefined)
}
