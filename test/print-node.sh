#!/bin/sh
# Stands in for the shell of an npm script (`--script-shell`): says on which Node the script would run.
exec node -p process.versions.node
