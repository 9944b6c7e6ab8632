import { checkRegistryAllowed, type Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { checkCallbackUrl } from "@layaway/webhook";

import type { ApiDeps } from "./api-deps.ts";

/** What the configuration lets callers name. Addresses are checked again by those who connect to them. */
export function requestPolicy(
  config: Pick<Config, "allowRegistries" | "webhooks" | "destinations" | "defaultDestination">,
): Pick<ApiDeps, "checkRegistry" | "checkCallbackUrl" | "defaultDestination"> {
  const { webhooks, destinations, defaultDestination } = config;
  return {
    checkRegistry: ({ registry }) => checkRegistryAllowed(config, registry),
    checkCallbackUrl(callbackUrl) {
      if (webhooks.secret !== undefined) return checkCallbackUrl(callbackUrl, webhooks.allowHosts);
      throw new InvalidRequestError(
        "callbackUrl: there is no secret to sign webhooks with (webhooks.secretFile or LAYAWAY_WEBHOOK_SECRET)",
      );
    },
    // The command line also takes a URL as default; callers of the API only ever name destinations.
    ...(defaultDestination !== undefined && Object.hasOwn(destinations, defaultDestination)
      ? { defaultDestination }
      : {}),
  };
}
