#!/bin/sh
# Stands in for a C compiler and an archiver where Rust code is only checked: compiles nothing, and makes the empty library
# that Microsoft's archiver would be expected to make.
for word; do
    case "$word" in
        [-/]out:*) : >"${word#*:}" ;;
    esac
done
