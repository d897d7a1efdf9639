#!/bin/sh
# Starts the wirelab of this machine's system and processor.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
case $(uname -s) in
Linux) system=linux ;;
Darwin) system=darwin ;;
*) echo "wirelab: there is no program for $(uname -s) here; on Windows it is bin\\wirelab.cmd" >&2; exit 2 ;;
esac
case $(uname -m) in
x86_64 | amd64) processor=amd64 ;;
aarch64 | arm64) processor=arm64 ;;
*) echo "wirelab: there is no program for $(uname -m) here" >&2; exit 2 ;;
esac
GOTOOLCHAIN=local
export GOTOOLCHAIN
exec "$here/$system-$processor/wirelab" "$@"
