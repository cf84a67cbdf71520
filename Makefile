# Everything a developer does here. "make help" lists the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo development)
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)
STATIC := CGO_ENABLED=0 go build -trimpath -ldflags '-s -w'
EMBEDDED := cmd/minifaas/embedded
TOOLS := $(CURDIR)/.cache/tools
# Tests find it as the sandbox will: built, and without cgo.
PACKAGES := ./...

.PHONY: help
help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/minifaas, a static binary that carries all it needs.
	mkdir -p bin $(EMBEDDED)
	$(STATIC) -o $(EMBEDDED)/ ./cmd/containerservice ./cmd/containerservice-full
	$(STATIC) -o $(EMBEDDED)/hello ./bench/functions/hello
	$(STATIC) -o $(EMBEDDED)/load-native ./bench/functions/load-native
	cp $(EMBEDDED)/hello bench/functions/hello/
	cp $(EMBEDDED)/load-native bench/functions/load-native/
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION) -X main.builtFrom=$(COMMIT)' -o bin/minifaas ./cmd/minifaas

.PHONY: run
run: build ## Build, then run the demo: a real workload on real sandboxes, two policies compared.
	bin/minifaas demo

.PHONY: test
test: build ## Run every test. As root the sandbox is tested for real.
	go test -timeout 15m $(PACKAGES)

.PHONY: race
race: build ## Run every test under the race detector.
	go test -race -timeout 20m $(PACKAGES)

.PHONY: fuzz
fuzz: ## Fuzz the engine for FUZZTIME (10m).
	go test -run '^$$' -fuzz FuzzStep -fuzzminimizetime 20x -fuzztime $${FUZZTIME:-10m} ./scheduler/engine

.PHONY: soak
soak: build ## Force FAULTS (1000) faults on a running platform under load, then load it for SOAK (10m).
	MINIFAAS_SOAK_FAULTS=$${FAULTS:-1000} go test -run TestSoak -v -timeout 60m ./cmd/minifaas
	bin/minifaas bench coldpath --soak $${SOAK:-10m}

.PHONY: agreement
agreement: build ## Play a workload live and simulated, 3 times each with two policies, and compare; 8 minutes.
	bin/minifaas bench agreement

.PHONY: lint
lint: $(TOOLS)/golangci-lint ## Check the style of the code.
	$(TOOLS)/golangci-lint run

.PHONY: policies
policies: build ## Compare all policies on all workloads: docs/policies.md; TRACES=DIR adds real traces.
	bin/minifaas bench policies $(if $(TRACES),--traces $(TRACES))

.PHONY: proto
proto: $(TOOLS)/buf ## Generate the Go code of the protos.
	PATH=$(TOOLS):$$PATH buf lint
	PATH=$(TOOLS):$$PATH buf generate

.PHONY: check-generated
check-generated: proto ## Fail if the generated code in the repository is not current.
	git diff --exit-code -- proto

.PHONY: image
image: build ## Build the container images minifaas and minifaas-scheduler with Docker.
	deploy/image.sh

.PHONY: clean
clean: ## Remove what was built.
	rm -rf bin .cache bench/functions/hello/hello bench/functions/load-native/load-native $(filter-out %/README.md,$(wildcard $(EMBEDDED)/*))

$(TOOLS)/golangci-lint: tools/go.mod
	cd tools && GOBIN=$(TOOLS) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/buf: tools/go.mod
	cd tools && GOBIN=$(TOOLS) go install github.com/bufbuild/buf/cmd/buf google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
