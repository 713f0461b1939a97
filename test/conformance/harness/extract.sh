#!/usr/bin/env bash
# extract.sh GIT_DIR DEST: puts Node's own test tree into DEST. GIT_DIR is a clone of a repository
# with Node's test/ folder at its top: Node's own, or denoland/node_test. Never commit the tree.
set -euo pipefail
git_dir=${1:?usage: extract.sh GIT_DIR DEST}
dest=${2:?usage: extract.sh GIT_DIR DEST}
mkdir -p "$dest"
folders=(parallel sequential pummel common fixtures async-hooks)
git --git-dir="$git_dir" archive HEAD -- "${folders[@]/#/test/}" | tar -x -C "$dest"
git --git-dir="$git_dir" rev-parse HEAD > "$dest/COMMIT.txt"
echo "$dest: $(find "$dest" -type f | wc -l) files"
