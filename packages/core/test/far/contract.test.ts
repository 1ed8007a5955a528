// The far store of these tests keeps the contract that a real one has to keep.

import { farStoreContract } from '../../src/testing/index.ts'
import { createMemoryFar } from '../memory-far.ts'

farStoreContract('a far store in memory', createMemoryFar, { describe, it })
