// @larder/launchdarkly — The public names, one by one.

export type { LaunchDarklyClient, LaunchDarklyContext, LaunchDarklyDetail } from './client.ts'
export { type LaunchDarklyFlagsOptions, launchDarklyFlags } from './flags.ts'
