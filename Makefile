# `make` alone lists what there is.
.PHONY: help demo check test book helm journey clients editor report bless lint deny image instructions release fuzz bench peers

help:  ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo:  ## the main job on this machine: no AWS, no cluster
	cargo run --locked --no-default-features -- demo

check:  ## what needs only Rust: formatting, clippy, unit tests, cases, laws, architecture
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo test --locked --lib
	cargo test --locked --test it -- architecture:: cases:: laws:: trust::

peers:  ## build the real programs that the tests talk to, once
	@tests/step tests/peers/build
	@tests/step tests/peers/docker
	@tests/peers/report

test: peers  ## everything, against real kustomize, Docker, API server and cert-manager
	@tests/step cargo test --locked --no-run
	@tests/step cargo test --locked

book:  ## docs/ as a book, in target/book, by mdBook: every link leads somewhere, words are spelled correctly; builds mdBook once, a minute
	@tests/peers/build codespell
	@tests/peers/mdbook --version
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it book:: -- --include-ignored

helm:  ## the page about Helm with Helm 3 and 4, which are built once, in four minutes
	@tests/peers/build kustomize-5.8.2 helm
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it what_the_page_about_helm_shows_is_what_happens -- --ignored --nocapture

journey:  ## from an empty folder to credentials and back, shown command by command (docs/journey.md)
	@tests/peers/build kustomize-5.8.2 kubectl kube-apiserver etcd cluster crds anywhere-double aws-double python
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it from_an_empty_folder_to_credentials_and_back -- --nocapture

clients:  ## which SDK finds credentials by which delivery (docs/clients.md); 400 MB of clients, three minutes
	@tests/peers/build sdks sdks-java sdks-ruby anywhere-double aws-double python
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it the_table_in_the_documentation_is_what_clients_find -- --ignored --nocapture

editor:  ## what an editor shows of a declaration by its schema, with the YAML language server (30 MB of npm)
	@tests/peers/build editor
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it an_editor_completes_and_underlines -- --ignored

report:  ## the page of `iamra report` in Chromium: searched, filtered, followed, scrolled; 110 MB of browser, a minute
	@tests/peers/build chromium python
	@tests/step cargo test --locked --test it --no-run
	cargo test --locked --test it report:: -- --include-ignored --nocapture

bless:  ## accept what the program does now as expected; then read `git diff`
	BLESS=1 cargo test --locked --test it -- cases:: every_help_reads_as_recorded the_schema_is_the_one_that_is_checked_in \
	  its_schema_is_the_generated_one the_catalog_s_metadata_says_the_same the_formats_read_as_recorded \
	  the_picture_in_the_documentation_is_what_is_drawn the_reference_is_made_from_the_schema the_list_of_diagnostics_is_generated
	@tests/peers/build kustomize-5.8.2
	BLESS=1 cargo test --locked --test it every_example_gives_what_it_shows

lint:  ## formatting and clippy, with AWS and without; whether it compiles for macOS
	cargo fmt --check
	cargo clippy --locked --all-targets --test published --test released --test instructions -- -D warnings
	cargo clippy --locked --all-targets --test published --test released --test instructions --no-default-features -- -D warnings
	@# The fuzzer is a workspace of its own, with a lock of its own. Most of what it stands on has just been compiled.
	CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-target} cargo check --locked --manifest-path fuzz/Cargo.toml
	@# Nothing is linked, so no C compiler for macOS is needed: `true` stands for it.
	@rustup --quiet target add aarch64-apple-darwin
	CC_aarch64_apple_darwin=true AR_aarch64_apple_darwin=true \
	  cargo check --locked --no-default-features --target aarch64-apple-darwin

deny:  ## licences, sources and double versions of dependencies
	@tests/peers/cargo-deny check bans licenses sources

image:  ## the images iamra:dev and iamra-cmp:dev, as they are published; checks size and content
	@tests/peers/docker
	@tests/peers/build kustomize-5.8.2
	@tests/step tests/image dev "$${IAMRA_PEERS:-$$HOME/.cache/iamra-peers}/bin/kustomize-5.8.2"
	IAMRA_IMAGES=dev cargo test --locked --test published

instructions:  ## whether small runs take more instructions than benches/instructions.yaml says; BLESS=1 accepts them
	@tests/peers/build valgrind
	@tests/step cargo build --locked --quiet --profile image --target x86_64-unknown-linux-musl
	cargo test --locked --test instructions -- --nocapture

release:  ## what a release has for Linux, in target/dist; the same of both processors over all cases (half an hour)
	@command -v qemu-aarch64-static >/dev/null || { echo "install qemu-user-static" >&2; exit 1; }
	rm -rf target/dist
	@tests/step release/build x86_64-unknown-linux-musl target/dist
	@tests/step release/build aarch64-unknown-linux-musl target/dist
	release/index target/dist https://example.com/download
	release/check target/dist
	IAMRA_DIST=target/dist cargo test --locked --test released

fuzz:  ## each target of the fuzzer for SECONDS_EACH (60) seconds, on all processors (docs/fuzzing.md)
	@tests/peers/build yaml-test-suite
	@JOBS=$$(nproc) tests/step fuzz/run $${SECONDS_EACH:-60}

bench:  ## speed and memory, into docs/performance.md; GROUP=start, for example, prints one group alone
	@tests/peers/build kustomize-5.8.2 kyaml anywhere-double
	cargo bench --locked --bench performance -- $(GROUP)
