#!/usr/bin/env bash
# Builds the lab, the emulator in a page of a browser, into a folder for a static host.
#
#   lab/build.sh OUT        OUT/index.html and what it needs, and OUT/portcls-lab.html: all in one file
#
# It needs Debian's compiler for browsers, and never rustup; node asks the module for its catalog:
#
#   apt-get install --no-install-recommends rustc-web cargo-web rust-web-src libstd-rust-web-dev \
#       lld-22 binaryen nodejs
#
# Cargo builds in LAB_TARGET_DIR, or in lab/target if the variable is not set.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
if [ $# -ne 1 ]; then
    echo "usage: lab/build.sh OUT" >&2
    exit 2
fi
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$root"

# The versions that this script was tried with. The build uses an unstable feature of the compiler,
# so another version may need a change here. With another version the script prints a note and
# goes on.
readonly RUSTC_VERSION=1.96 BINARYEN_VERSION=108
readonly GOAL_PACKED_BYTES=1200000
# Each feature by its name: with --all-features, wasm-opt 108 writes a module that no browser takes.
readonly FEATURES=(
    --enable-exception-handling --enable-bulk-memory --enable-sign-ext
    --enable-nontrapping-float-to-int --enable-mutable-globals --enable-reference-types
    --enable-multivalue
)
readonly PACKAGES="rustc-web cargo-web rust-web-src libstd-rust-web-dev lld-22 binaryen nodejs"

fail() {
    echo "lab/build.sh: $*" >&2
    exit 1
}

check_tools() {
    local missing=() tool
    for tool in /usr/bin/rustc /usr/bin/cargo /usr/bin/wasm-ld-22 /usr/bin/wasm-opt \
        /usr/lib/rustlib/src/rust/library/std/Cargo.toml; do
        [ -e "$tool" ] || missing+=("$tool")
    done
    command -v node >/dev/null || missing+=(node)
    if [ "${#missing[@]}" -gt 0 ]; then
        fail "${missing[*]} missing; on Debian 12: apt-get install --no-install-recommends $PACKAGES"
    fi
    local version
    version=$(/usr/bin/rustc --version | cut -d' ' -f2)
    case $version in
    "$RUSTC_VERSION".*) ;;
    *) echo "lab/build.sh: tried with rustc $RUSTC_VERSION, this is $version" >&2 ;;
    esac
    version=$(wasm-opt --version | grep -o '[0-9]*' | head -n 1)
    if [ "$version" != "$BINARYEN_VERSION" ]; then
        echo "lab/build.sh: tried with wasm-opt $BINARYEN_VERSION, this is $version" >&2
    fi
}

# Builds the module with exceptions, so that a panic unwinds. A bug check ends a run by such a
# panic.
build_module() {
    local target=${LAB_TARGET_DIR:-$root/lab/target} flags
    flags="-Cpanic=unwind -Ctarget-feature=+exception-handling"
    # The module must not contain a path of this computer.
    flags+=" --remap-path-prefix=$root/="
    flags+=" --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}/registry/src/=crates/"
    flags+=" --remap-path-prefix=/usr/lib/rustlib/src/rust/=rust/"
    # The caller's flags are meant for another compiler.
    env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS \
        RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$target" \
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld-22 \
        CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags" \
        /usr/bin/cargo build --quiet --release --lib --locked --manifest-path lab/Cargo.toml \
        --target wasm32-unknown-unknown -Zbuild-std=std,panic_unwind \
        -Zbuild-std-features=optimize_for_size
    wasm-opt -Oz "${FEATURES[@]}" \
        "$target/wasm32-unknown-unknown/release/portcls_lab.wasm" -o "$out/lab.wasm"
}

# Prints what guest/drivers/README.md says of each driver: NAME <tab> WORDS <tab> END. END says how
# a broken driver ends. It is empty for a good driver.
driver_words() {
    awk -F ' *[|] *' '
        function plain(text) { gsub(/`/, "", text); gsub(/["\\\t]/, "", text); return text }
        # Files of the source: one row may be about several drivers.
        /^\| `source\/[a-z0-9_]+\.cpp`/ {
            count = split($2, files, /, */)
            for (file = 1; file <= count; file++) {
                name = plain(files[file]); sub(/^source\//, "", name)
                if (sub(/\.cpp$/, "", name)) print name "\t" plain($3) "\t"
            }
        }
        /^## Broken drivers/ { broken = 1 }
        broken && /^\| `[a-z0-9_]+` \|/ { print plain($2) "\t" plain($3) "\t" plain($4) }
    ' guest/drivers/README.md
}

# Prints a driver's file as JSON. $3 is its offset among the files of the single page, or empty.
file_json() {
    local path=$1 name=$2 offset=$3 bytes
    bytes=$(stat -c %s "guest/drivers/bin/$path")
    printf '"name":"%s","path":"drivers/%s","bytes":%s' "$name" "$path" "$bytes"
    [ -z "$offset" ] || printf ',"offset":%s' "$offset"
}

# Fails if the module has imports: with an import the module could reach out of its page.
check_imports() {
    # The metrics of wasm-opt have a line with the number of imports.
    local imports
    imports=$(wasm-opt "${FEATURES[@]}" "$out/lab.wasm" --metrics -o /dev/null 2>/dev/null |
        awk '/\[imports\]/ { print $3; exit }')
    [ "${imports:-0}" = 0 ] || fail "the module has $imports imports"
}

# Gathers the project's drivers: copies them, lists them, and joins the files for the single page.
# The single page gets the drivers for x64, and the driver with a PDB.
gather_drivers() {
    local offset=0 first=1 name words end architecture path pdb
    mkdir -p "$out/drivers"
    : >"$work/driver-files"
    {
        printf '{"version":1,"drivers":['
        while IFS=$'\t' read -r name words end; do
            [ -e "guest/drivers/bin/x64/$name.sys" ] || [ -e "guest/drivers/bin/x86/$name.sys" ] || continue
            [ "$first" = 1 ] || printf ','
            first=0
            printf '\n{"name":"%s","words":"%s",' "$name" "$words"
            if [ -n "$end" ]; then
                printf '"is_broken":true,"end":"%s",' "$end"
            else
                printf '"is_broken":false,"end":null,'
            fi
            printf '"files":['
            local comma=
            for architecture in x64 x86 msvc-x64; do
                path=$architecture/$name.sys
                [ -e "guest/drivers/bin/$path" ] || continue
                mkdir -p "$out/drivers/$architecture"
                cp "guest/drivers/bin/$path" "$out/drivers/$path"
                pdb=${path%.sys}.pdb
                printf '%s{"architecture":"%s",' "$comma" "$architecture"
                comma=,
                if [ "$architecture" = x64 ] || [ -e "guest/drivers/bin/$pdb" ]; then
                    file_json "$path" "$name.sys" "$offset"
                    cat "guest/drivers/bin/$path" >>"$work/driver-files"
                    offset=$(stat -c %s "$work/driver-files")
                else
                    file_json "$path" "$name.sys" ""
                fi
                printf ',"beside":['
                if [ -e "guest/drivers/bin/$pdb" ]; then
                    cp "guest/drivers/bin/$pdb" "$out/drivers/$pdb"
                    printf '{'
                    file_json "$pdb" "$name.pdb" "$offset"
                    printf '}'
                    cat "guest/drivers/bin/$pdb" >>"$work/driver-files"
                    offset=$(stat -c %s "$work/driver-files")
                fi
                printf ']}'
            done
            printf ']}'
        done < <(driver_words)
        printf '\n]}\n'
    } >"$out/drivers.json"
}

# Takes the catalog from the module: the lists of the form. The page has its form before it has the
# module.
take_catalog() {
    node lab/job.js "$out/lab.wasm" '{"job":"catalog"}' catalog >"$work/catalog.json"
    mv "$work/catalog.json" "$out/catalog.json"
}

# Writes `<` in the texts of a list as `\u003c`: in the single page a text with `</script>` would end
# its element.
guarded() {
    sed 's/</\\u003c/g' "$1" >"$work/guarded-${1##*/}"
    echo "$work/guarded-${1##*/}"
}

# Prints the SHA-256 of a file in base64, as a policy needs it.
sum_of() {
    printf '%b' "$(sha256sum "$1" | cut -d' ' -f1 | sed 's/../\\x&/g')" | base64 -w0
}

# Joins the parts of the page. The policy's sum would be wrong if a part could end its element, or
# if it had a letter that is not ASCII.
join_parts() {
    local to=$1
    shift
    cat "$@" >"$to"
    if grep -n '</' "$to" >&2; then fail "no part of the page may have </: $to"; fi
    if LC_ALL=C grep -n '[^ -~	]' "$to" >&2; then fail "the parts of the page are ASCII: $to"; fi
}

# Fills the skeleton: each file replaces the comment of its name.
fill() {
    local policy=$1 style=$2 data=$3 script=$4 line
    while IFS= read -r line; do
        case ${line//[[:space:]]/} in
        '<!--lab:policy-->') cat "$policy" ;;
        '<!--lab:style-->') cat "$style" ;;
        '<!--lab:data-->') cat "$data" ;;
        '<!--lab:script-->') cat "$script" ;;
        *) printf '%s\n' "$line" ;;
        esac
    done <lab/page/index.html
}

policy() {
    printf '<meta http-equiv="Content-Security-Policy" content="%s">\n' "$1"
}

element() {
    local open=$1 file=$2 close=$3
    printf '%s' "$open"
    cat "$file"
    printf '%s\n' "$close"
}

build_pages() {
    local timeline_script timeline_style common
    timeline_script="'sha256-$(cat report/src/html/script.sum)'"
    timeline_style="'sha256-$(cat report/src/html/style.sum)'"
    join_parts "$out/lab.css" lab/page/style/*.css
    join_parts "$out/lab.js" lab/page/script/*.js
    join_parts "$out/worker.js" lab/page/worker/*.js
    join_parts "$work/early.js" lab/page/early.js
    common="base-uri 'none'; form-action 'none'; img-src data: blob:; frame-src blob:"

    # The page in a folder.
    policy "default-src 'none'; \
script-src 'self' 'wasm-unsafe-eval' 'sha256-$(sum_of "$work/early.js")' $timeline_script; \
style-src 'self' $timeline_style; connect-src 'self'; worker-src 'self'; $common" >"$work/policy"
    # The browser loads the scripts and the module while it still reads the page.
    {
        element '<script>' "$work/early.js" '</script>'
        echo '<script src="lab.js" async></script>'
        echo '<link rel="stylesheet" href="lab.css">'
    } >"$work/head"
    fill "$work/policy" "$work/head" /dev/null /dev/null >"$out/index.html"

    # The page in one file. Each element contains exactly the bytes of which the sum was made.
    policy "default-src 'none'; script-src 'wasm-unsafe-eval' 'sha256-$(sum_of "$out/lab.js")' $timeline_script; \
style-src 'sha256-$(sum_of "$out/lab.css")' $timeline_style; worker-src blob:; $common" >"$work/policy"
    element '<style>' "$out/lab.css" '</style>' >"$work/style"
    element '<script>' "$out/lab.js" '</script>' >"$work/script"
    gzip -9 -n -c "$out/lab.wasm" | base64 -w0 >"$work/module"
    gzip -9 -n -c "$work/driver-files" | base64 -w0 >"$work/files"
    {
        element '<script type="text/plain" id="lab-worker">' "$out/worker.js" '</script>'
        element '<script type="application/octet-stream" id="lab-wasm">' "$work/module" '</script>'
        element '<script type="application/json" id="lab-catalog">' "$(guarded "$out/catalog.json")" '</script>'
        element '<script type="application/json" id="lab-drivers">' "$(guarded "$out/drivers.json")" '</script>'
        element '<script type="application/octet-stream" id="lab-driver-files">' "$work/files" '</script>'
    } >"$work/data"
    fill "$work/policy" "$work/style" "$work/data" "$work/script" >"$out/portcls-lab.html"
}

# Prints the sizes that a visitor loads: packed by gzip, which every host knows, and by brotli, which
# many hosts know. The goal is for the module packed by brotli. Without brotli, only gzip is measured.
check_sizes() {
    local module page words
    module=$(gzip -9 -n -c "$out/lab.wasm" | wc -c)
    page=$(stat -c %s "$out/portcls-lab.html")
    words="lab.wasm $(stat -c %s "$out/lab.wasm") bytes, by gzip $module"
    if command -v brotli >/dev/null; then
        module=$(brotli -q 11 -w 24 -c "$out/lab.wasm" | wc -c)
        words+=", by brotli $module"
        if [ "$module" -gt "$GOAL_PACKED_BYTES" ]; then
            echo "lab/build.sh: the goal is $GOAL_PACKED_BYTES bytes packed" >&2
        fi
    fi
    echo "$words; portcls-lab.html $page bytes"
}

check_tools
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
build_module
check_imports
take_catalog
gather_drivers
build_pages
check_sizes
