# syntax=docker/dockerfile:1
# One image for every shape: `docker build -t streamflow/streamflow .` runs everything in one process, and
# `docker build --target ingestion -t streamflow/ingestion .` has the same layers and starts one service on port 8000.
# For linux/amd64 and linux/arm64.
ARG NODE_VERSION=20.20

FROM node:${NODE_VERSION}-bookworm-slim AS build
# better-sqlite3 is compiled when there is no prebuilt binary for the platform.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY package.json package-lock.json ./
COPY packages/contracts/package.json packages/contracts/
COPY packages/client/package.json packages/client/
COPY packages/server/package.json packages/server/
COPY packages/web/package.json packages/web/
RUN npm ci --no-audit --no-fund
COPY tsconfig.base.json tsconfig.json ./
COPY packages packages
# The pages of the guide are made from these.
COPY docs docs
COPY CHANGELOG.md ./
RUN npm run build && npm prune --omit=dev && rm -rf packages/*/src

FROM node:${NODE_VERSION}-bookworm-slim AS runtime
LABEL org.opencontainers.image.title="StreamFlow" \
  org.opencontainers.image.description="Self-hosted real-time event analytics" \
  org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 streamflow \
  && useradd --uid 10001 --gid streamflow --no-create-home --home-dir /data streamflow \
  && install --directory --owner=streamflow --group=streamflow --mode=700 /data
WORKDIR /app
COPY --from=build /src/package.json ./
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/packages packages
COPY deploy/docker/healthcheck.mjs /app/healthcheck.mjs
COPY LICENSE ./
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  STREAMFLOW_DATA_DIR=/data \
  HEALTHCHECK_PORT=8001
# Everything that is written goes to /data, and to /tmp, which may be a tmpfs: the root may be read-only.
VOLUME /data
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["node", "/app/healthcheck.mjs"]
ENTRYPOINT ["/app/packages/server/bin/streamflow.mjs"]
STOPSIGNAL SIGTERM

FROM runtime AS ingestion
ENV INGESTION_PORT=8000 HEALTHCHECK_PORT=8000
EXPOSE 8000 8080
CMD ["start", "ingestion"]

FROM runtime AS analytics
ENV ANALYTICS_PORT=8000 HEALTHCHECK_PORT=8000
EXPOSE 8000 8080
CMD ["start", "analytics"]

FROM runtime AS alerting
ENV ALERTING_PORT=8000 HEALTHCHECK_PORT=8000
EXPOSE 8000 8080
CMD ["start", "alerting"]

FROM runtime AS dashboard
ENV DASHBOARD_PORT=8000 HEALTHCHECK_PORT=8000
EXPOSE 8000 8080
CMD ["start", "dashboard"]

FROM runtime AS storage
ENV STORAGE_PORT=8000 HEALTHCHECK_PORT=8000
EXPOSE 8000 8080
CMD ["start", "storage"]

# The last stage is the one without --target: everything in one process on the embedded engines.
FROM runtime AS streamflow
EXPOSE 8001 8002 8003 8004 8005 8080
CMD ["start"]
