package containerservice

import (
	"context"
	"runtime/debug"
	"runtime/metrics"

	containerservicepb "github.com/minifaas/minifaas/proto/containerservice"
)

// worthTrimming is the heap that is worth a collection. A fresh agent's has a quarter of
// that, and a first collection takes 0.7 MB for itself.
const worthTrimming = 4 << 20

// Trim gives the free part of the heap back to the host: what large events have left.
func (s *Server) Trim(context.Context, *containerservicepb.TrimRequest) (*containerservicepb.TrimReply, error) {
	if heap() > worthTrimming {
		debug.FreeOSMemory()
	}
	return &containerservicepb.TrimReply{}, nil
}

// heap is what the heap has of the host's memory, in bytes. runtime.ReadMemStats knows
// more, but takes 0.6 MB for itself.
func heap() (bytes uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(samples)
	for _, s := range samples {
		bytes += s.Value.Uint64()
	}
	return bytes
}
