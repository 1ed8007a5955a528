// Which inputs a handler reads while it makes a response: the second wall of privacy.

export { observeExpress } from './express.ts'
export { observeKoa } from './koa.ts'
export type { IdentityInput, Observation, Observer, Owner } from './observation.ts'
export { unobserved } from './unobserved.ts'
