// Which Redis.

import { host, nodes, redisUrl } from '../addresses.ts'
import { boolean, integer, line, matching, oneOf } from '../kinds.ts'
import { optional, secret, withDefault } from '../variable.ts'

export const redisVariables = {
  REDIS_URL: secret(redisUrl, 'The server, all in one.'),
  REDIS_HOST: withDefault(host, 'localhost', 'The server.'),
  REDIS_PORT: withDefault(integer(1, 65_535), '6379', "The server's port."),
  REDIS_SENTINELS: optional(nodes(26_379), 'The Sentinels that know the server.'),
  REDIS_SENTINEL_NAME: withDefault(line, 'mymaster', 'What the Sentinels call the server.'),
  REDIS_CLUSTER_NODES: optional(nodes(6379), 'Some nodes of the Cluster; it names the others.'),
  REDIS_USERNAME: optional(line, 'The user of the ACL, with `REDIS_PASSWORD`.'),
  REDIS_PASSWORD: secret(line, 'The password.'),
  REDIS_DB: withDefault(integer(0, 9999), '0', 'The number of the database.'),
  REDIS_TLS: optional(boolean, "TLS, with the system's certificates."),
  REDIS_FAMILY: optional(oneOf('0', '4', '6'), 'The version of IP that a name is looked up for; 0 is either.'),
  REDIS_KEY_PREFIX: withDefault(
    matching(/^[^\p{Cc}\s{}]{1,128}$/u, 'at most 128 characters without spaces and braces'),
    'app:',
    'What the name of every key begins with.',
  ),
}
