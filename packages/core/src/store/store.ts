// What a tier of stored things owes the engine.

/** The memory tier: synchronous, so that a hit makes no promise. It decides nothing. */
export interface NearStore<Entry> {
  get(key: string): Entry | undefined
  /** Keep `entry` under `key`. `bytes` is all that it holds: body, headers, key and overhead. Returns false when it is too large to keep. */
  set(key: string, entry: Entry, bytes: number): boolean
  delete(key: string): boolean
  clear(): void
  readonly entries: number
  readonly bytes: number
}
