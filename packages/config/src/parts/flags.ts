// The parts for launchDarklyFlags() or openFeatureFlags(), and for LaunchDarkly's SDK.

import type { FlagsConfig, LaunchDarklyConfig } from '../config.ts'
import { sealed } from '../redaction.ts'
import type { Values } from '../variables/index.ts'

export function flagsPart({ LAUNCHDARKLY_FLAG, LARDER_MODE }: Values): FlagsConfig {
  return { flag: LAUNCHDARKLY_FLAG, default: LARDER_MODE }
}

export function launchDarklyPart({ LAUNCHDARKLY_SDK_KEY: sdkKey }: Values): LaunchDarklyConfig | undefined {
  return sdkKey === undefined ? undefined : sealed({ sdkKey }, { sdkKey: '[hidden]' })
}
