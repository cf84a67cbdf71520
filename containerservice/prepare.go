package containerservice

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/minifaas/minifaas/containerservice/runtime"
	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// Prepare starts what Load can do without.
func (s *Server) Prepare(ctx context.Context, req *containerservicepb.PrepareRequest) (*containerservicepb.PrepareReply, error) {
	prepare, ok := preparers[req.GetRuntime()]
	if !ok {
		return &containerservicepb.PrepareReply{}, nil
	}
	if s.isPrepared() || !s.advance(unloaded, preparing) {
		return nil, status.Error(codes.FailedPrecondition, "prepare: a container is prepared once, before it loads its function")
	}
	prepared, err := prepare(ctx, runtime.Preparation{Interpreter: req.GetInterpreter(), Memory: req.GetMemoryInBytes()})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = unloaded
	switch {
	case err == nil:
		s.prepared, s.preparedFor = prepared, req.GetRuntime()
		return &containerservicepb.PrepareReply{}, nil
	case errors.Is(err, runtime.ErrNoInterpreter):
		return nil, status.Errorf(codes.FailedPrecondition, "%s: %v", req.GetRuntime(), err)
	case ctx.Err() != nil:
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	return nil, status.Errorf(codes.Internal, "prepare: %v", err)
}

func (s *Server) isPrepared() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.prepared != nil
}

// takePrepared returns what was prepared if the function can use it; else that is ended.
func (s *Server) takePrepared(req *containerservicepb.LoadRequest) runtime.Prepared {
	s.mu.Lock()
	p, of := s.prepared, s.preparedFor
	s.prepared = nil
	s.mu.Unlock()
	if p == nil {
		return nil
	}
	select {
	case <-p.Done():
		return nil
	default:
	}
	if of != req.GetRuntime() || ownStart(req.GetEnvironment()) {
		p.Close()
		return nil
	}
	return p
}

// startVariables, by how they begin, are read by an interpreter or its libraries
// when they start; those that end in = are whole names.
var startVariables = []string{
	"PYTHON", "LD_", "MALLOC_", "GLIBC_", "LC_", "UV_", "LANG=", "LANGUAGE=", "TZ=", "TZDIR=",
	"NODE_OPTIONS=", "NODE_PATH=", "NODE_EXTRA_CA_CERTS=", "NODE_ICU_DATA=", "NODE_DEBUG=", "NODE_NO_WARNINGS=", "NODE_V8_COVERAGE=",
	"NODE_PENDING_DEPRECATION=", "NODE_PRESERVE_SYMLINKS=", "NODE_REPL_EXTERNAL_MODULE=", "NODE_TLS_REJECT_UNAUTHORIZED=", "NODE_COMPILE_CACHE=",
	"OPENSSL_CONF=", "SSL_CERT_FILE=", "SSL_CERT_DIR=",
}

// ownStart: the function sets what an interpreter that runs already would not heed.
func ownStart(environment map[string]string) bool {
	for name := range environment {
		for _, start := range startVariables {
			if strings.HasPrefix(name+"=", start) {
				return true
			}
		}
	}
	return false
}
