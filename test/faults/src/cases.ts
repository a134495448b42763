/** All cases, in the order in which they are run. */
import type { FaultCase } from './case.ts'
import { anyClusterNode, anySentinelNode } from './cases/any-node.ts'
import { failover } from './cases/f1-failover.ts'
import { pausedPrimary } from './cases/f2-paused-primary.ts'
import { hostLoss } from './cases/f3-host-loss.ts'
import { missingVoter } from './cases/f5-missing-voter.ts'
import { deposedPrimary } from './cases/f6-deposed-primary.ts'
import { clusterMinority } from './cases/f7-cluster-minority.ts'
import { resharding } from './cases/f8-resharding.ts'
import { clockAhead, clockBehind } from './cases/f14-skewed-clock.ts'
import { ledToReplica, staleReplicas } from './cases/f16-replica-reads.ts'
import { pairs } from './cases/f22-pairs.ts'
import { healthy } from './cases/healthy.ts'
import { memcachedCases } from './cases/memcached.ts'
import { proxyCases } from './cases/proxy.ts'

export const CASES: readonly FaultCase[] = [
  failover,
  pausedPrimary,
  hostLoss,
  missingVoter,
  deposedPrimary,
  clusterMinority,
  resharding,
  clockAhead,
  clockBehind,
  staleReplicas,
  ledToReplica,
  pairs,
  anySentinelNode,
  anyClusterNode,
  ...proxyCases,
  ...memcachedCases,
  healthy,
]
