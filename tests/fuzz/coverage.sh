#!/bin/sh
# tests/fuzz/coverage.sh BUILD NAME - which lines of its parser the kept inputs of a fuzzer reach.
# The fuzzer says behind "Parser:", at the end of its first comment, which files that is. Fails below
# 90 % of their lines.
set -eu

build=$1
name=$2
least=90
program=$build/coverage/tests/fuzz/fuzz_$name
profile=$build/coverage/$name.profraw
parser=$(sed -n '/^ \* Parser: /,/^ \*\// { s/^ \*\/$//; s/^ \* //; s/^Parser: //; p }' "tests/fuzz/fuzz_$name.c")

[ -n "$parser" ] || {
    echo "tests/fuzz/fuzz_$name.c has no line 'Parser: FILE...'" >&2
    exit 2
}
LLVM_PROFILE_FILE=$profile "$program" "tests/fuzz/corpus/$name"
llvm-profdata-14 merge -o "$build/coverage/$name.profdata" "$profile"
# shellcheck disable=SC2086  # a list of files
llvm-cov-14 report "$program" -instr-profile "$build/coverage/$name.profdata" $parser |
    awk -v least="$least" '
        # Filename Regions Missed Cover Functions Missed Executed Lines Missed Cover ...
        $8 ~ /^[0-9]+$/ {
            printf "lines %d reached %d (%s) %s\n", $8, $8 - $9, $10, $1
            reached = ($8 - $9) * 100 / $8
        }
        END { exit !(reached >= least) }' || {
    echo "less than $least % of the lines are reached" >&2
    exit 1
}
