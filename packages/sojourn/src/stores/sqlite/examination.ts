/**
 * What `sojourn/doctor` sees of the file: where it lies, and who may read it. Whether locks hold and whether a sync
 * reaches a disk follows from the kind of file system, as the kernel names it (`statfs(2)`).
 */
import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type Examination, type Finding, finding } from '../../core/findings.ts'

/** `f_type` of Linux. Elsewhere the numbers mean other things, and none is looked at. @see `man 2 statfs` */
const NETWORKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x5346414f, 'AFS'],
  [0x73757245, 'Coda'],
  [0x47504653, 'GPFS'],
])
const VOLATILE: ReadonlyMap<number, string> = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])
const ANYBODY_ELSE = 0o077

/** Never rejects. **Cost**: two system calls. */
export async function examineFile(path: string): Promise<Examination> {
  try {
    const [place, file] = await Promise.all([statfs(dirname(path)), stat(path)])
    const kind = process.platform === 'linux' ? place.type : Number.NaN
    return { findings: [...judgePlace(kind, path), ...judgeMode(file.mode, path)], unseen: [] }
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error)
    return { findings: [], unseen: [{ what: 'the file', because }] }
  }
}

/** `kind`: as `statfs` names it. */
export function judgePlace(kind: number, path: string): readonly Finding[] {
  const network = NETWORKS.get(kind)
  const volatile = VOLATILE.get(kind)
  return [
    ...(network === undefined
      ? []
      : [
          finding('sqlite-network', {
            seen: `${path} is on a network file system (${network}), whose locks do not hold.`,
            fix: 'Move the file to a local disk; for several machines use Redis.',
          }),
        ]),
    ...(volatile === undefined
      ? []
      : [
          finding('sqlite-volatile', {
            seen: `${path} is kept in memory (${volatile}): nothing in it is ever on a disk.`,
            fix: 'Move the file to a disk, with all processes stopped.',
          }),
        ]),
  ]
}

function judgeMode(mode: number, path: string): readonly Finding[] {
  if ((mode & ANYBODY_ELSE) === 0) return []
  return [
    finding('sqlite-readable', {
      seen: `${path} has mode ${(mode & 0o777).toString(8)}: other users of this machine may open it.`,
      fix: `chmod 600 ${path} ${path}-wal ${path}-shm`,
    }),
  ]
}
