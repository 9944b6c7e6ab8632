/** What differs between two Ceph clusters on one machine. */
export interface CephConfig {
  readonly directory: string;
  readonly fsid: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
  /** The object daemon takes what it needs (about six) from here to `lastPort`. */
  readonly firstPort: number;
  readonly lastPort: number;
}

const memoryBytes = 8 * 1024 ** 3;

/** The ceph.conf of one monitor, one object daemon and one gateway, without authentication among them. */
export function cephConfig(config: CephConfig): string {
  const { directory } = config;
  return `[global]
fsid = ${config.fsid}
mon host = v1:127.0.0.1:${config.monitorPort}
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv4 = true
ms bind msgr2 = false
ms bind msgr1 = true
ms bind port min = ${config.firstPort}
ms bind port max = ${config.lastPort}
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${directory}/run
admin socket = ${directory}/run/$name.asok
pid file = ${directory}/run/$name.pid
log file = ${directory}/log/$name.log
crash dir = ${directory}/log
keyring = ${directory}/keyring
# One copy of everything is enough, and nobody balances.
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
mon max pg per osd = 2000
mon osd reporter subtree level = osd
# Elections and map changes at once: nobody else takes part in them.
paxos propose interval = 0.05
paxos min wait = 0.01
mon tick interval = 1
mon data avail crit = 1
mon data avail warn = 2
[mon.a]
mon data = ${directory}/mon
[osd.0]
osd data = ${directory}/osd
osd journal = ${directory}/osd/journal
osd objectstore = memstore
# Both are commands to the monitor, which now and then refuses them ("wrong fsid") where they come before its map was sent.
osd crush update on start = false
osd class update on start = false
debug osd = 1
memstore device bytes = ${memoryBytes}
[client.rgw.a]
rgw frontends = beast endpoint=127.0.0.1:${config.gatewayPort} tcp_nodelay=1
rgw thread pool size = 64
rgw data = ${directory}/rgw
rgw enable usage log = false
rgw enable ops log = false
rgw dns name = localhost
rgw override bucket index max shards = 1
`;
}
