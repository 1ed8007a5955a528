// import '@larder/tracing/hook' in a file for `node --import` that calls startTracing() itself: what follows can be instrumented.

import { isMainThread } from 'node:worker_threads'
import { registerLoader } from './loader.ts'

/** Node preloads into workers too, which share the loader of the main thread. */
export const isHooked = isMainThread
if (isHooked) registerLoader()
