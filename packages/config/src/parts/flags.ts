// The part for LaunchDarkly's SDK and launchDarklyFlags().

import type { LaunchDarklyConfig } from '../config.ts'
import { sealed } from '../redaction.ts'
import type { Values } from '../variables/index.ts'

export function launchDarklyPart(values: Values): LaunchDarklyConfig | undefined {
  const { LAUNCHDARKLY_SDK_KEY: sdkKey, LAUNCHDARKLY_FLAG: flag } = values
  return sdkKey === undefined ? undefined : sealed({ sdkKey, flag }, { sdkKey: '[hidden]' })
}
