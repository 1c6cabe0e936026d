#!/usr/bin/env bash
# Builds the test drivers: build.sh [-o DIRECTORY] [-k] [TARGET/NAME...]
#
# Without names it builds all drivers. A target is x64, x86 or msvc-x64. A name is a file of
# source/ or source/broken/ that defines CreateMiniport or DriverEntry, without its ending. The
# script writes DIRECTORY/TARGET/NAME.sys; without -o, DIRECTORY is bin/ beside this script. With -k
# it also writes NAME.debug with symbols and DWARF, or for msvc-x64 NAME.pdb.
#
# Needs g++-mingw-w64-x86-64-win32 and g++-mingw-w64-i686-win32, and for msvc-x64 the Python
# package ziglang as well. The same compilers make the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

output=$here/bin
keep_debug=
while getopts o:k option; do
    case $option in
        o) output=$OPTARG ;;
        k) keep_debug=yes ;;
        *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
mkdir -p "$output"
output=$(cd "$output" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The parts of every driver beside the file with its name. They are compiled as one source,
# because the headers take most of the time.
parts=(adapter card descriptor hardware miniport stream unknown)

compile_flags=(
    -O2 -std=c++17 -Wall -Wextra -Wno-missing-braces -fno-exceptions -fno-rtti -ffreestanding
    -fno-threadsafe-statics -mno-red-zone "-ffile-prefix-map=$here/=" -I "$here/source"
)

# prepare TARGET: sets the target's compiler and linker, and makes the import library of portcls.
# $drivers is the number of drivers that follow.
prepare() {
    case $1 in
        x64) prepare_mingw x86_64-w64-mingw32 DriverEntry 0x140000000 ;;
        x86) prepare_mingw i686-w64-mingw32 _DriverEntry@8 0x10000 ;;
        msvc-x64) prepare_msvc "$1" ;;
        *) echo "no such target: $1" >&2; exit 2 ;;
    esac
}

prepare_mingw() {
    local triple=$1 entry=$2 base=$3
    # lldb 19 does not find the sections of DWARF 5 in a PE file.
    compiler=("$triple-g++-win32" -gdwarf-4 -isystem "/usr/$triple/include/ddk")
    linker=(
        "$triple-g++-win32" -nostdlib -shared -Wl,--subsystem,native:6.0
        -Wl,--major-os-version,6,--exclude-all-symbols,--dynamicbase,--nxcompat,--gc-sections
        "-Wl,--no-insert-timestamp,--entry,$entry,--image-base,$base"
    )
    libraries=("$work/portcls.a" -lntoskrnl -lhal -lgcc)
    if [ "$triple" = i686-w64-mingw32 ]; then
        compiler+=(-fno-asynchronous-unwind-tables)
        "$triple-dlltool" -k -d "$here/portcls.def" -l "$work/portcls.a"
    else
        # On x64, names have no byte count.
        sed 's/@.*//' "$here/portcls.def" >"$work/portcls.def"
        "$triple-dlltool" -d "$work/portcls.def" -l "$work/portcls.a"
    fi
    # Compiles the headers once, not once for each source. For a single driver this takes longer.
    if [ "$drivers" -gt 1 ]; then
        "${compiler[@]}" "${compile_flags[@]}" -x c++-header "$here/source/ddk_shim.h" \
            -o "$work/ddk_shim.h.gch"
        compiler+=(-I "$work" -include ddk_shim.h -c)
    else
        compiler+=(-include "$here/source/ddk_shim.h" -c)
    fi
    link=link_mingw
}

# link_mingw NAME OBJECT...
link_mingw() {
    local name=$1
    shift
    if [ -n "$keep_debug" ]; then
        "${linker[@]}" -o "$name.debug" "$@" "${libraries[@]}"
    fi
    "${linker[@]}" -s -o "$name.sys" "$@" "${libraries[@]}"
    chmod 644 "$name".*
}

prepare_msvc() {
    local zig headers system=/usr/x86_64-w64-mingw32/lib
    zig=$(python3 -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')
    headers=$zig/lib/libc/include/any-windows-any
    compiler=(
        "$zig/zig" clang -target x86_64-windows-msvc -funwind-tables
        -nostdinc -isystem "$zig/lib/include" -isystem "$headers/ddk" -isystem "$headers"
        -include "$here/source/ddk_shim.h" -c
    )
    linker=(
        "$zig/zig" lld-link /driver /subsystem:native,6.0 /entry:DriverEntry /nodefaultlib
        /base:0x140000000 /dynamicbase /brepro
    )
    # The PDB holds every path that the compiler gets, so none may name a folder of this machine.
    if [ -n "$keep_debug" ]; then
        compiler+=(
            -gcodeview -g -gno-codeview-command-line -object-file-name=object
            -fdebug-compilation-dir=/ "-ffile-prefix-map=$zig/="
        )
        linker+=(/debug "/pdbaltpath:%_PDB%" /pdbsourcepath:/drivers)
    fi
    sed 's/@.*//' "$here/portcls.def" >"$work/portcls.def"
    "$zig/zig" dlltool -m i386:x86-64 -d "$work/portcls.def" -l "$work/$1/portcls.lib"
    libraries=(portcls.lib "$system/libntoskrnl.a" "$system/libhal.a")
    link=link_msvc
}

# link_msvc NAME OBJECT...
link_msvc() {
    local output=$1 name
    name=$(basename "$output")
    shift
    # The names have no folder, because the PDB would hold it.
    "${linker[@]}" "/out:$name.sys" "$@" "${libraries[@]}"
    for made in "$name".sys "$name".pdb; do
        if [ -e "$made" ]; then install -m 644 "$made" "$(dirname "$output")"; fi
    done
}

# build TARGET NAME...
build() {
    local target=$1 name source drivers
    shift
    drivers=$#
    mkdir -p "$work/$target" "$output/$target"
    prepare "$target"
    printf '#include "%s.cpp"\n' "${parts[@]}" >"$work/parts.cpp"
    cd "$work/$target"
    "${compiler[@]}" "${compile_flags[@]}" ../parts.cpp -o parts.o
    for name in "$@"; do
        source=$here/source/$name.cpp
        [ -e "$source" ] || source=$here/source/broken/$name.cpp
        "${compiler[@]}" "${compile_flags[@]}" "$source" -o "$name.o"
        local objects=()
        # A source that has DriverEntry is a whole driver.
        grep -q DriverEntry "$source" || objects+=(parts.o)
        objects+=("$name.o")
        "$link" "$output/$target/$name" "${objects[@]}"
    done
}

if [ $# -eq 0 ]; then
    good=(
        uart services no_categories attributes dmus dmus_script midi_on_dmus
        system_uart system_dmus system_capture
        system_shared system_shared_uart system_shared_capture
        around_uart around_dmus own_interrupt_sync
        two_filters power_in_start pending_property links mdls csq second_range
        thread_feeds two_threads
        topology_first wave_first_cyclic wave_first_pci wave_first_rt
    )
    all=("${good[@]}")
    for source in "$here"/source/broken/*.cpp; do
        all+=("$(basename "$source" .cpp)")
    done
    build x64 "${all[@]}"
    # The x87 is for x86 alone: on x64 compilers calculate with SSE.
    build x86 "${all[@]}" x87_dpc
    build msvc-x64 "${good[@]}"
    keep_debug=yes
    build msvc-x64 null_adapter
fi
for wanted in "$@"; do
    build "${wanted%%/*}" "${wanted#*/}"
done
