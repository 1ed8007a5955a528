// @larder/express without its cache.

export * from '@larder/express'

/** This one hides the one above. */
export function responseCache() {
  return (_req, _res, next) => next()
}
