// The flag service.

import { line, matching } from '../kinds.ts'
import { optional, secret, withDefault } from '../variable.ts'

export const flagVariables = {
  LAUNCHDARKLY_SDK_KEY: secret(
    matching(/^[\x21-\x7e]{1,256}$/, 'a key of printable characters without spaces'),
    'The key of the server SDK. Without it there is no LaunchDarkly.',
  ),
  LARDER_FLAGS_FILE: optional(
    line,
    'A file with the flag, in place of LaunchDarkly: it can be edited while the service runs. Its path counts from the working folder.',
  ),
  LAUNCHDARKLY_FLAG: withDefault(
    matching(/^[\w.-]{1,256}$/, 'the key of a flag: letters, digits, `.`, `_` and `-`'),
    'redis-caching-enabled',
    'The key of the flag that switches the cache, in the file too.',
  ),
}
