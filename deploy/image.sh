#!/usr/bin/env bash
# Builds the images minifaas-scheduler and minifaas. Nothing is downloaded
# unless BASE names an image that has to be.
#
#   BASE=scratch          what the platform's image is built on; one that has
#                         python3 or node adds those runtimes
#   TAG=latest            the images' tag
#   BINARY=bin/minifaas   the program, as make build makes it
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${BINARY:-bin/minifaas} hello=cmd/minifaas/embedded/hello tag=${TAG:-latest}
for program in "$binary" $hello; do
  [ -x "$program" ] || { echo "$program is missing: run make build first" >&2; exit 1; }
done
docker version >/dev/null 2>&1 || { echo "no Docker engine answers: start one, or set DOCKER_HOST" >&2; exit 1; }

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp "$binary" "$context/minifaas"
cp deploy/Dockerfile "$context"
# The samples' folders are in bench/functions; this is the one that needs nothing else.
mkdir -p "$context/functions/hello"
cp $hello bench/functions/hello/function.yaml "$context/functions/hello"
version=$("$binary" version | cut -d ' ' -f 2 | tr -d ,)

build() {
  docker build --quiet --build-arg BASE="${BASE:-scratch}" --build-arg VERSION="$version" \
    --target "$1" --tag "$2:$tag" "$context" >/dev/null
  echo "$2:$tag ($version, on ${3:-scratch})"
}
build scheduler minifaas-scheduler
build platform minifaas "${BASE:-scratch}"
