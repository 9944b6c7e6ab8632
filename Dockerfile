FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY . .
# No package has a build step that needs its install scripts, and theirs are not run as root.
RUN npm ci --ignore-scripts
RUN npm run build
# What the command line needs, and nothing that only tests need.
RUN npm ci --ignore-scripts --omit=dev --workspace=apps/cli --include-workspace-root=false \
  && find packages apps -name src -type d -prune -exec rm -r {} + \
  && rm -r packages/testing test

FROM node:24-bookworm-slim
# redis-server: the queue of `layaway serve`, where no REDIS_URL is given.
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates redis-server \
  && rm -rf /var/lib/apt/lists/* \
  && install -d -o node -g node /var/lib/layaway
ENV NODE_ENV=production LAYAWAY_DATA_DIR=/var/lib/layaway
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/packages packages
COPY --from=build /app/apps apps
USER node
VOLUME /var/lib/layaway
EXPOSE 8080
ENTRYPOINT ["node", "/app/apps/cli/bin/layaway.js"]
CMD ["--help"]
