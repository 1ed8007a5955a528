// Contracts for whoever writes a store or an invalidation log of their own.

export type { SharedFarStore } from './far-processes.ts'
export { type FarStoreMaker, farStoreContract } from './far-store-contract.ts'
export { type InvalidationLogMaker, invalidationLogContract } from './invalidation-log-contract.ts'
export type { TestRunner } from './runner.ts'
export { type StoreMaker, storeContract } from './store-contract.ts'
