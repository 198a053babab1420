# iamra as an image: one static binary, nothing else.
#
#   docker build -t iamra .                            builds from source; pulls the Rust image
#   docker build -t iamra --target prebuilt CONTEXT    takes a static binary from CONTEXT; pulls nothing
#
# `tests/image` makes such a CONTEXT.

FROM scratch AS base
LABEL org.opencontainers.image.title="iamra" \
      org.opencontainers.image.description="IAM Roles Anywhere for Kubernetes GitOps: a KRM function" \
      org.opencontainers.image.licenses="Apache-2.0"
# kustomize runs functions as `nobody`, by name; Argo CD as 999. Nothing is written, so any user will do.
USER 65534:65534
# Where a mount of the kustomization goes, so that `iamra.lock` is found.
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/iamra"]

FROM base AS prebuilt
COPY rootfs /

FROM rust:1.95-bookworm AS source
RUN apt-get update && apt-get install -y --no-install-recommends musl-tools ca-certificates
RUN rustup target add x86_64-unknown-linux-musl
WORKDIR /src
COPY . .
RUN cargo build --release --locked --target x86_64-unknown-linux-musl \
 && mkdir -p /rootfs/usr/local/bin /rootfs/etc/ssl/certs \
 && cp target/x86_64-unknown-linux-musl/release/iamra /rootfs/usr/local/bin/ \
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ \
 && echo 'nobody:x:65534:65534:nobody:/:/sbin/nologin' > /rootfs/etc/passwd \
 && echo 'nobody:x:65534:' > /rootfs/etc/group

FROM base
COPY --from=source /rootfs /
