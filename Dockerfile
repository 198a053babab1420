# iamra as an image: one static binary, nothing else. iamra-cmp, for Argo CD's repo server, has kustomize beside it.
#
#   docker build -t iamra .                                 builds from source; pulls the Rust image
#   docker build -t iamra-cmp --target iamra-cmp .          and the Go image, for kustomize
#   docker buildx build --platform linux/amd64,linux/arm64  builds each on its own platform, by emulation where it must
#   docker build -t iamra --target prebuilt CONTEXT         takes static programs from CONTEXT; pulls nothing
#   docker build -t iamra-cmp --target prebuilt-cmp CONTEXT
#
# `tests/image` makes such a CONTEXT.

FROM scratch AS base
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="iamra" \
      org.opencontainers.image.description="IAM Roles Anywhere for Kubernetes GitOps: a KRM function" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
ENV PATH=/usr/local/bin
COPY docker/passwd docker/group /etc/
# kustomize runs functions as `nobody`, by name; Argo CD as 999. Nothing is written, so any user will do.
USER 65534:65534
# Where a mount of the kustomization goes, so that `iamra.lock` is found.
WORKDIR /work
ENTRYPOINT ["/usr/local/bin/iamra"]

FROM base AS prebuilt
COPY rootfs /
RUN ["/usr/local/bin/iamra", "--version"]

# The plugin server is Argo CD's own, and comes with a volume.
FROM prebuilt AS prebuilt-cmp
COPY kustomize /usr/local/bin/
RUN ["/usr/local/bin/kustomize", "version"]
LABEL org.opencontainers.image.title="iamra-cmp" \
      org.opencontainers.image.description="IAM Roles Anywhere for Kubernetes GitOps: an Argo CD config management plugin"
USER 999:999
ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]

FROM golang:1.26-bookworm AS kustomize
ARG KUSTOMIZE_VERSION=5.8.2
RUN CGO_ENABLED=0 GOBIN=/ go install -trimpath \
      -ldflags "-s -w -X sigs.k8s.io/kustomize/api/provenance.version=v${KUSTOMIZE_VERSION}" \
      "sigs.k8s.io/kustomize/kustomize/v5@v${KUSTOMIZE_VERSION}"

FROM rust:1.95-bookworm AS source
RUN apt-get update && apt-get install -y --no-install-recommends musl-tools ca-certificates
WORKDIR /src
COPY . .
ARG REVISION=
ENV IAMRA_COMMIT=${REVISION}
RUN target=$(uname -m)-unknown-linux-musl \
 && rustup target add "$target" \
 && cargo build --profile image --locked --target "$target" \
 && mkdir -p /rootfs/usr/local/bin /rootfs/usr/share/sbom /rootfs/etc/ssl/certs \
 && cp "target/$target/image/iamra" /rootfs/usr/local/bin/ \
 && tests/sbom "$target" /rootfs/usr/share/sbom/iamra.cdx.json \
 && cp /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/

FROM base AS iamra-cmp
COPY --from=source /rootfs /
COPY --from=kustomize /kustomize /usr/local/bin/
RUN ["/usr/local/bin/iamra", "--version"]
RUN ["/usr/local/bin/kustomize", "version"]
LABEL org.opencontainers.image.title="iamra-cmp" \
      org.opencontainers.image.description="IAM Roles Anywhere for Kubernetes GitOps: an Argo CD config management plugin"
USER 999:999
ENTRYPOINT ["/var/run/argocd/argocd-cmp-server"]

FROM base AS iamra
COPY --from=source /rootfs /
RUN ["/usr/local/bin/iamra", "--version"]
