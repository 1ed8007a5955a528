// The hook of without-cache.mjs.

const standIn = new URL('./no-response-cache.mjs', import.meta.url).href

export async function resolve(specifier, context, next) {
  const isOwn = context.parentURL === standIn
  return specifier === '@larder/express' && !isOwn ? { url: standIn, shortCircuit: true } : next(specifier, context)
}
