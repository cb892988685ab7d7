# `edgefold up` with everything in one file:
#   docker build --tag edgefold .
#   docker run --publish 3000:3000 --volume edgefold:/var/lib/edgefold \
#     --volume ./edgefold.toml:/etc/edgefold/edgefold.toml:ro --env EDGEFOLD_VAR_ADMIN_TOKEN edgefold
FROM rust:1.95-bookworm AS build
# Its wasm-opt makes the component smaller.
RUN apt-get update && apt-get install --yes --no-install-recommends binaryen && rm -rf /var/lib/apt/lists/*
WORKDIR /edgefold
COPY . .
# The component first: the command has it built in.
RUN cargo xtask build component
RUN cargo install --path host --locked --features bundled --root /out
# Empty; the owner is what counts.
RUN mkdir /out/data

# No shell and no package manager; certificates are compiled into the command. Its user is 65532.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/bin/edgefold /usr/local/bin/edgefold
COPY --from=build --chown=65532:65532 /out/data /var/lib/edgefold
COPY edgefold.toml /etc/edgefold/edgefold.toml
# Compiled code is kept beside the items, so that the next container starts at once.
ENV XDG_CACHE_HOME=/var/lib/edgefold/cache
VOLUME /var/lib/edgefold
WORKDIR /var/lib/edgefold
EXPOSE 3000
# The first start compiles the component, which takes some seconds.
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 CMD ["/usr/local/bin/edgefold", "health"]
ENTRYPOINT ["/usr/local/bin/edgefold"]
CMD ["up", "--listen", "0.0.0.0:3000", "--config", "/etc/edgefold/edgefold.toml", "--store", "redb:/var/lib/edgefold/edgefold.redb"]
