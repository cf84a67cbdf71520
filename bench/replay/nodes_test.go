package replay

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	resourcemanagerpb "github.com/minifaas/minifaas/proto/resourcemanager"
)

func TestAccountClipsToTheRun(t *testing.T) {
	start := time.UnixMilli(1_000_000)
	end := start.Add(60 * time.Second)
	// node is reserved and released so many seconds after start; a release at 0 is none.
	node := func(reserved, released int64) *resourcemanagerpb.NodeDesc {
		n := &resourcemanagerpb.NodeDesc{ReservedTimeTimestampMs: start.UnixMilli() + reserved*1000}
		if released != 0 {
			n.ReleasedTimeTimestampMs = start.UnixMilli() + released*1000
		}
		return n
	}
	for name, tt := range map[string]struct {
		nodes []*resourcemanagerpb.NodeDesc
		want  NodeUsage
	}{
		"none":                  {nil, NodeUsage{}},
		"still reserved":        {[]*resourcemanagerpb.NodeDesc{node(10, 0)}, NodeUsage{1, 1, 50 * time.Second, 0}},
		"released":              {[]*resourcemanagerpb.NodeDesc{node(10, 25)}, NodeUsage{1, 1, 15 * time.Second, 0}},
		"released after":        {[]*resourcemanagerpb.NodeDesc{node(10, 99)}, NodeUsage{1, 1, 50 * time.Second, 0}},
		"reserved before":       {[]*resourcemanagerpb.NodeDesc{node(-9, 5)}, NodeUsage{1, 1, 5 * time.Second, 0}},
		"of another run":        {[]*resourcemanagerpb.NodeDesc{node(-9, -5), node(61, 0)}, NodeUsage{}},
		"one after the other":   {[]*resourcemanagerpb.NodeDesc{node(0, 20), node(20, 0)}, NodeUsage{2, 1, 60 * time.Second, 0}},
		"together for a moment": {[]*resourcemanagerpb.NodeDesc{node(0, 21), node(20, 0)}, NodeUsage{2, 2, 61 * time.Second, 0}},
	} {
		if diff := cmp.Diff(tt.want, account(tt.nodes, start, end)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
