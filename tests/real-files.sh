#!/usr/bin/env bash
# Plays and captures MIDI files that nobody here wrote, on every card: 31 dense tunes of OpenMSX
# (GPL-2) and 23 files of music21 (BSD). They are fetched for the run and never kept.
#
# Usage: tests/real-files.sh PROGRAM
set -euo pipefail
program=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
fetch() { apt-get download openttd-openmsx >/dev/null 2>&1; }
fetch || { apt-get update -qq && fetch; }
dpkg-deb -x openttd-openmsx_*.deb openmsx
python3 -m pip download --quiet --no-deps --dest . music21
python3 -m zipfile -e music21-*.whl music21
runs=0
while IFS= read -r -d '' file; do
    for card in $("$program" cards --format json | grep -o '"name": *"[^"]*"' | cut -d'"' -f4); do
        for verb in play capture; do
            "$program" "$verb" "$file" --card "$card" >summary.txt 2>&1 || {
                printf '%s %s --card %s failed:\n' "$verb" "$file" "$card"
                cat summary.txt
                exit 1
            }
            runs=$((runs + 1))
        done
    done
done < <(find . -name '*.mid' -print0)
echo "$runs runs over real files, every byte unchanged"
test "$runs" -gt 0
