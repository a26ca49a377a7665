#!/bin/sh
# tests/fuzz/planted.sh BUILD NAME - can the fuzzer find a bug? Plants planted/NAME.patch in a copy
# of the sources and lets the fuzzer loose on it, without any input to begin with. Fails when it
# finds nothing within five minutes.
set -eu

build=$1
name=$2
seconds=300
patch=$PWD/tests/fuzz/planted/$name.patch
copy=$build/planted/$name

[ -f "$patch" ] || {
    echo "there is no bug to plant: $patch" >&2
    exit 2
}
rm -rf "$copy"
mkdir -p "$copy/found"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$copy"
cd "$copy"
patch -s -p1 <"$patch"
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "fuzz_$name"
mkdir inputs
begin=$(date +%s)
if "build/fuzz/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -artifact_prefix=found/ inputs \
    2>found/log || [ "$(find found -name 'crash-*' | wc -l)" -eq 0 ]; then
    echo "the planted bug was not found in $seconds s" >&2
    exit 1
fi
grep -m1 -e 'runtime error' -e 'ERROR: ' found/log
echo "the planted bug was found after $(($(date +%s) - begin)) s"
