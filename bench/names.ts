// The courses that several benchmarks have, or that a goal speaks of.

export const rawName = 'node:http, headers and body made beforehand'

export const fastName = 'Larder, Express on the fast server'
export const expressName = 'Larder, Express'
export const koaName = 'Larder, Koa'

export const fastAlone = 'Express on the fast server, the handler alone'
export const expressAlone = 'Express, the handler alone'
export const koaAlone = 'Koa, the handler alone'

export const expressEmpty = 'Express, empty handler'
export const koaJson = 'Koa, handler with the JSON alone'

export const compressedOnce = 'Larder, Express on the fast server, compression behind the cache'
export const compressedEachTime = 'Express, compression on every request'

export const redisByHand = 'ioredis by hand: node:http and getBuffer'
export const bentocacheName = 'bentocache by hand, Express'
export const cacheManagerName = 'cache-manager by hand, Express'
