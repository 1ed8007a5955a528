// What the flags need of a client of LaunchDarkly's server SDK for Node.

/** A client that the user owns. It is listened to, and never closed. */
export interface LaunchDarklyClient {
  /** Calls back at once where the SDK keeps its flags in memory. */
  variationDetail(
    flag: string,
    context: LaunchDarklyContext,
    otherwise: unknown,
    callback: (error: unknown, detail: LaunchDarklyDetail) => void,
  ): Promise<unknown>
  on(event: string, listener: () => void): unknown
  off(event: string, listener: () => void): unknown
}

/** For whom a flag is evaluated: LaunchDarkly's rules may name its kind and its key. */
export interface LaunchDarklyContext {
  readonly kind: string
  readonly key: string
}

export interface LaunchDarklyDetail {
  readonly value: unknown
  /** Not a number where the value is the one that the caller handed in. */
  readonly variationIndex?: number | null
  readonly reason: { readonly kind: string; readonly errorKind?: string }
}
