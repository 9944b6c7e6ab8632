import type { S3Keys } from "./s3-server.ts";

/** swift.conf: the salt of its hashes, and the largest object. */
export function hashConfig(): string {
  return `[swift-hash]
swift_hash_path_prefix = layaway
swift_hash_path_suffix = testing
[storage-policy:0]
name = one
default = yes
[swift-constraints]
max_file_size = 5368709122
`;
}

/** The configuration of one account, container or object server. */
export function storageConfig(of: {
  readonly directory: string;
  readonly user: string;
  readonly name: string;
  readonly port: number;
}): string {
  return `[DEFAULT]
bind_port = ${of.port}
devices = ${of.directory}/devices
mount_check = false
fallocate_reserve = 0
${common(of)}
[pipeline:main]
pipeline = ${of.name}-server
[app:${of.name}-server]
use = egg:swift#${of.name}
[${of.name}-replicator]
[${of.name}-updater]
[${of.name}-auditor]
`;
}

/** The configuration of the proxy with its S3 front. */
export function proxyConfig(of: {
  readonly directory: string;
  readonly user: string;
  readonly port: number;
  readonly cachePort: number;
  readonly minPartBytes: number;
  readonly owner: S3Keys;
  readonly stranger: S3Keys;
}): string {
  return `[DEFAULT]
bind_port = ${of.port}
${common(of)}
[pipeline:main]
pipeline = ${filters} proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:tempauth]
use = egg:swift#tempauth
user_${of.owner.accessKeyId.replace(":", "_")} = ${of.owner.secretAccessKey} .admin
user_${of.stranger.accessKeyId.replace(":", "_")} = ${of.stranger.secretAccessKey}
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = us-east-1
check_bucket_owner = false
min_segment_size = ${of.minPartBytes}
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${of.cachePort}
[filter:slo]
use = egg:swift#slo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
${plainFilters.map((name) => `[filter:${name}]\nuse = egg:swift#${name.replaceAll("-", "_")}\n`).join("")}`;
}

/** Makes the three rings, each over one device without replicas; its arguments are the directory and the ports as JSON. */
export const ringScript = `
import json, sys
from os.path import join
from swift.common.ring import RingBuilder
directory, ports = sys.argv[1], json.loads(sys.argv[2])
for name, port in ports.items():
    ring = RingBuilder(4, 1, 0)
    ring.add_dev(dict(region=1, zone=1, ip="127.0.0.1", port=port, replication_ip="127.0.0.1",
                      replication_port=port, device="d1", weight=1, meta=""))
    ring.rebalance()
    ring.get_ring().save(join(directory, name + ".ring.gz"))
`;

// No worker processes, so that ending the server's process ends all; a log address that is not there sends nothing to syslog.
function common(of: { readonly directory: string; readonly user: string }): string {
  return `bind_ip = 127.0.0.1
workers = 0
user = ${of.user}
swift_dir = ${of.directory}
log_address = ${of.directory}/no-syslog
log_level = ERROR`;
}

const filters =
  "catch_errors gatekeeper healthcheck proxy-logging cache listing_formats s3api " +
  "tempauth copy bulk slo dlo versioned_writes symlink proxy-logging";
const plainFilters =
  "catch_errors gatekeeper healthcheck proxy-logging listing_formats copy bulk dlo symlink".split(" ");
