#!/usr/bin/env bash
# Builds the images minifaas-scheduler and minifaas from bin/minifaas. Nothing is
# downloaded unless BASE names an image that has to be.
#
#   BASE=scratch   what the images are built on; debian:12 with python3 and
#                  nodejs installed, say, adds those runtimes
#   TAG=latest     the images' tag
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x bin/minifaas ] || { echo "bin/minifaas is missing: run make build first" >&2; exit 1; }
docker version >/dev/null 2>&1 || { echo "no Docker engine answers: start one, or set DOCKER_HOST" >&2; exit 1; }

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
cp bin/minifaas deploy/Dockerfile "$context"
mkdir -p "$context/functions/hello"
cp cmd/minifaas/embedded/hello bench/functions/hello/function.yaml "$context/functions/hello"

for target in scheduler platform; do
  name=minifaas; [ $target = platform ] || name=minifaas-$target
  docker build --quiet --build-arg BASE="${BASE:-scratch}" --target $target --tag "$name:${TAG:-latest}" "$context"
done
