/** Server programs that tests start, as children of their own, and stop: `sojourn-test-programs`. */
export { type DevelopmentCertificate, developmentCertificate } from './certificate.ts'
export { type HaproxyOptions, startHaproxy } from './haproxy.ts'
export { type Link, startLink, type Way } from './link.ts'
export type { Edit } from './link-pipe.ts'
export { type MemcachedOptions, type MemcachedServer, startMemcached } from './memcached.ts'
export { type NginxOptions, startNginx } from './nginx.ts'
export { acceptsConnections, freePorts } from './ports.ts'
export { breakDisk, fillMemory, type Mend } from './redis/breaking.ts'
export { type ClusterOptions, type RedisCluster, startCluster } from './redis/cluster.ts'
export type { Migration } from './redis/migration.ts'
export type { RedisServer } from './redis/process.ts'
export {
  type RedisSentinels,
  type SentinelOptions,
  startSentinel,
} from './redis/sentinel.ts'
export { type RedisOptions, startRedis } from './redis/server.ts'
export { type Place, type Program, type RunningServer, startServer } from './server-process.ts'
