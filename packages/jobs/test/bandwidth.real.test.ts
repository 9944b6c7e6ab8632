import { randomUUID } from "node:crypto";

import { governorConformance } from "@layaway/bandwidth/conformance";
import { describeWithServers } from "@layaway/testing";

import { openBandwidth } from "../src/index.ts";
import { redisForFile } from "./open-redis.ts";

describeWithServers("the fleet's governor", ["redis"], () => {
  const redis = redisForFile();
  const processes = 3;

  governorConformance({
    name: "a budget in Redis",
    processes,
    async open(limits) {
      const prefix = randomUUID();
      const opening = { redisUrl: redis.url(), prefix, limits, onError: () => {} };
      const opened = await Promise.all(Array.from({ length: processes }, () => openBandwidth(opening)));
      return {
        governors: opened.map(({ governor }) => governor),
        async close() {
          await Promise.all(opened.map((each) => each.close()));
        },
      };
    },
  });
});
