import type { Destination } from "@layaway/config";

/** The command that loads the archive again, with the tools that its users have: for people to copy. */
export function restoreLine(destination: Destination, url: string): string {
  switch (destination.kind) {
    case "s3": {
      const endpoint =
        destination.endpoint === undefined ? "" : ` --endpoint-url ${quote(destination.endpoint)}`;
      return `aws s3 cp${endpoint} ${quote(url)} - | docker load`;
    }
    case "oss": {
      const endpoint = destination.endpoint === undefined ? "" : ` -e ${quote(destination.endpoint)}`;
      return `ossutil cat${endpoint} ${quote(url)} | docker load`;
    }
    case "fs":
      return `docker load -i ${quote(decodeURIComponent(new URL(url).pathname))}`;
  }
}

/** As a POSIX shell reads it. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
