// How long each kind of answer keeps, and what purges it: the options of responseCache() that both servers share.

// What is the same for everyone says so: `public` lets people who are signed in, and so send a cookie, share it too.
export const freshness = {
  home: { public: true, ttl: '1h', query: { allow: [] } },
  lists: {
    public: true,
    ttl: '1m',
    staleWhileRevalidate: '10m',
    query: { allow: ['near', 'page'] },
    tags: ['events'],
  },
  event: {
    public: true,
    ttl: '5m',
    staleIfError: '1h',
    query: { allow: [] },
    tags: (routed: object) => [`event:${idOf(routed)}`],
  },
  buddy: { public: true, ttl: '10m', query: { allow: [] }, tags: (routed: object) => [`buddy:${idOf(routed)}`] },
  searches: { public: true, ttl: '30s', query: { allow: ['q'] }, tags: ['events'] },
  /** Of who is signed in. The cache stands there too and stays out of it: the request has a cookie, and the route did not opt in. */
  mine: { ttl: '1m' },
} as const

/** Express's request and Koa's context have the parameters of the route in the same place, which Koa's types do not know. */
function idOf(routed: object): string {
  return String((routed as { readonly params?: { readonly id?: unknown } }).params?.id)
}
