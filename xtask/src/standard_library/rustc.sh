#!/bin/sh
# The compiler as Rust's own build calls it for the standard library: the part that ends a process at a panic is compiled
# for programs that do so. Cargo has one setting for all parts.
compiler=$1
shift
case " $* " in
    *" --crate-name panic_abort "*) set -- "$@" -Cpanic=abort ;;
esac
exec "$compiler" "$@"
