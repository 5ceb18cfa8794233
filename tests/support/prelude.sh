: > "$RAN"
# Writes a program that shows that it was executed outside.
trap_at() { mkdir -p "$(dirname "$1")"; printf '#!/bin/sh\n: > "%s"\n' "$TRAP" > "$1"; chmod 755 "$1"; }
# A git config that names such a program.
trap_config() { trap_at "$WORKSPACE/evil.sh"; printf '[core]\n\trepositoryformatversion = 0\n\tfsmonitor = %s\n' "$WORKSPACE/evil.sh"; }
