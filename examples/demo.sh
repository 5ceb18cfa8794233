#!/bin/sh
# A short tour: what an agent's command can do inside, what it cannot, and why. Usage: demo.sh PINFOLD
# Everything happens in the current workspace; the only change is a file below target/, removed at the end.
set -eu
pinfold=${1:-pinfold}
mkdir -p target

bold='' plain=''
if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
try() { printf '  $ %s\n' "$*"; "$pinfold" run -- sh -c "$*" 2>&1 | sed 's/^/    /' || true; }

say 'Inside, the workspace and the toolchain are the real ones'
try 'git status --short --branch | head -n 3'
try 'echo built > target/pinfold-demo && cat target/pinfold-demo'

say 'What would run outside later cannot be planted'
try 'echo "echo gotcha" > .git/hooks/pre-commit'
try 'mv .git .git-old'

say 'Your home, your keys and your environment are not there'
try 'ls -A ~ | head -n 5; echo "secrets in the environment: $(env | grep -c -i -e token -e secret -e key || true)"'
try 'cat ~/.ssh/id_ed25519'

say 'The network is off'
try 'timeout 2 bash -c "exec 3<>/dev/tcp/1.1.1.1/443"'

say 'And this is why'
for question in 'write .git/hooks/pre-commit' 'read ~/.ssh/id_ed25519' 'write target/pinfold-demo'; do
    printf '  $ pinfold why %s\n' "$question"
    # shellcheck disable=SC2086 # two words: the access and the path
    set -- ${question%% *} "$(printf '%s' "${question#* }" | sed "s|^~|$HOME|")"
    "$pinfold" why "$@" | sed 's/^/    /' || true
done
rm -f target/pinfold-demo
