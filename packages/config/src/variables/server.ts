// Where the server listens.

import { host } from '../addresses.ts'
import { integer } from '../kinds.ts'
import { optional, withDefault } from '../variable.ts'

export const serverVariables = {
  PORT: withDefault(integer(0, 65_535), '3000', 'The port; 0 is any that is free.'),
  HOST: optional(host, 'The address. Without it, every address of the machine.'),
}
